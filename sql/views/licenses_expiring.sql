-- SPDX-License-Identifier: Apache-2.0
create or replace view ops.licenses_expiring as
  select l.license_id, l.source, l.service_id, l.account, l.product_code, l.upstream_type, host(l.ip) as ip, l.license_key,
         l.period_end, l.expires_at,
         exists (select from bridge.orders o where o.license_id = l.license_id and o.type = 'license.renew'
                 and o.state not in ('succeeded', 'failed', 'cancelled')) as renewal_waits
  from bridge.license l
  where l.status = 'active'
    and l.period_end between (now() at time zone 'UTC')::date and (now() at time zone 'UTC')::date + 7;
comment on view ops.licenses_expiring is 'Active licenses whose period ends within a week, and whether a renewal is on its way: read it in the order of period_end';
grant select on ops.licenses_expiring to bridge_ops;
