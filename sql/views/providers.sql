-- SPDX-License-Identifier: Apache-2.0
-- Touches: account (read).
create or replace view ops.providers as
  select a.account, a.provider, a.catalogue_at, a.info_at, a.info -> 'api' ->> 'version' as api_version,
         a.info -> 'api' ->> 'status' as api_status, a.info -> 'system_status' ->> 'overall_status' as overall_status,
         (a.info -> 'statistics' ->> 'total_licenses')::bigint as total_licenses,
         (a.info -> 'statistics' ->> 'active_licenses')::bigint as active_licenses,
         (a.info -> 'statistics' ->> 'total_activations')::bigint as total_activations,
         (a.info -> 'statistics' ->> 'online_activations')::bigint as online_activations
  from bridge.account a;
comment on view ops.providers is 'What the providers last said of themselves';
grant select on ops.providers to bridge_ops;
