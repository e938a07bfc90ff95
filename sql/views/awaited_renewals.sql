-- SPDX-License-Identifier: Apache-2.0
-- What renewals_due says one by one, from the sums of bridge.due: their changes are added, and licenses whose renewal is
-- under way are taken off.
create or replace view ops.awaited_renewals as
  with part as (
    select d.account, d.upstream_type, d.billing_months, d.licenses
    from bridge.due d where d.period_end between (now() at time zone 'UTC')::date and (now() at time zone 'UTC')::date + 30
    union all
    select c.account, c.upstream_type, c.billing_months, c.licenses
    from bridge.due_change c where c.period_end between (now() at time zone 'UTC')::date and (now() at time zone 'UTC')::date + 30
    union all
    select l.account, l.upstream_type, coalesce(l.billing_months, 1), -1
    from bridge.license l
    -- looked up by an array of them: they are far fewer than the licenses that end
    where l.license_id = any (array(select o.license_id from bridge.orders o where o.type = 'license.renew'
                                    and o.state not in ('succeeded', 'failed', 'cancelled')))
      and l.provider = '724license' and l.status = 'active' and l.period_end between (now() at time zone 'UTC')::date and (now() at time zone 'UTC')::date + 30
  )
  select k.account, k.upstream_type, k.billing_months, k.licenses,
         trim_scale(coalesce(s.price, p.price * k.billing_months)) as price
  from (select x.account, x.upstream_type, x.billing_months, sum(x.licenses)::bigint as licenses
        from part x group by 1, 2, 3 having sum(x.licenses) <> 0) k
  left join bridge.product p on p.account = k.account and p.upstream_type = k.upstream_type
  left join bridge.product_price s
    on s.account = k.account and s.action = 'renew' and s.upstream_type = k.upstream_type and s.new_type = ''
   and s.billing_months = k.billing_months and s.month_price = p.price;
comment on view ops.awaited_renewals is 'How many licenses end within 30 days and are not being renewed, by what a renewal of one is expected to take';
grant select on ops.awaited_renewals to bridge_ops;
