-- SPDX-License-Identifier: Apache-2.0
create or replace view ops.licenses_by_ip as
  select i.ip, i.since, i.until, l.license_id, l.source, l.service_id, l.account, l.product_code, l.upstream_type,
         l.status::text as status, l.upstream_license_id, l.period_end, l.expires_at
  from bridge.license_ip i join bridge.license l using (license_id)
  union all
  select l.ip, l.created_at, null, l.license_id, l.source, l.service_id, l.account, l.product_code, l.upstream_type,
         l.status::text, l.upstream_license_id, l.period_end, l.expires_at
  from bridge.license l
  where l.ip is not null and not exists (select from bridge.license_ip i where i.license_id = l.license_id and i.ip = l.ip);
comment on view ops.licenses_by_ip is 'Which licenses an address has or had: ask with where ip = (an inet)';
grant select on ops.licenses_by_ip to bridge_ops;
