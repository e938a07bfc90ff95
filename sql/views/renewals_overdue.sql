-- SPDX-License-Identifier: Apache-2.0
create or replace view ops.renewals_overdue as
  select l.license_id, l.source, l.service_id, l.account, l.product_code, l.upstream_type, host(l.ip) as ip, l.period_end,
         (now() at time zone 'UTC')::date - l.period_end as days,
         exists (select from bridge.orders o where o.license_id = l.license_id and o.type = 'license.renew'
                 and o.state not in ('succeeded', 'failed', 'cancelled')) as renewal_waits
  from bridge.license l
  where l.status = 'active' and l.provider = '724license' and l.period_end < (now() at time zone 'UTC')::date;
comment on view ops.renewals_overdue is 'Active licenses whose period is over and was not renewed: read it in the order of period_end';
grant select on ops.renewals_overdue to bridge_ops;
