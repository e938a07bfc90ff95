-- SPDX-License-Identifier: Apache-2.0
create or replace view ops.renewals_due as
  select l.account, l.license_id, l.source, l.service_id, l.product_code, l.upstream_type, host(l.ip) as ip, l.period_end,
         coalesce(l.billing_months, 1) as billing_months,
         trim_scale(coalesce(s.price, p.price * coalesce(l.billing_months, 1))) as price
  from bridge.license l
  left join bridge.product p on p.account = l.account and p.upstream_type = l.upstream_type
  left join bridge.product_price s
    on s.account = l.account and s.action = 'renew' and s.upstream_type = l.upstream_type and s.new_type = ''
   and s.billing_months = coalesce(l.billing_months, 1) and s.month_price = p.price
  where l.provider = '724license' and l.status = 'active'
    and l.period_end between (now() at time zone 'UTC')::date and (now() at time zone 'UTC')::date + 30
    and not exists (select from bridge.orders o
                    where o.license_id = l.license_id and o.type = 'license.renew'
                      and o.state not in ('succeeded', 'failed', 'cancelled'));
comment on view ops.renewals_due is 'Licenses whose period ends within 30 days, and what their renewal is expected to take';
grant select on ops.renewals_due to bridge_ops;
