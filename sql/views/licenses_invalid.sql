-- SPDX-License-Identifier: Apache-2.0
create or replace view ops.licenses_invalid as
  select l.license_id, l.source, l.service_id, l.account, l.product_code, l.upstream_type, l.status::text as status,
         host(l.ip) as ip, l.license_key, l.invalid_at, l.verified_at, l.expires_at
  from bridge.license l
  where l.invalid_at is not null;
comment on view ops.licenses_invalid is 'Licenses that their provider calls invalid, as was told to the panel (license.invalid), and since when';
grant select on ops.licenses_invalid to bridge_ops;
