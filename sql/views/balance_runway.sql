-- SPDX-License-Identifier: Apache-2.0
create or replace view ops.balance_runway as
  select a.account, trim_scale(a.balance) as balance, a.balance_at, a.sandbox,
         coalesce(w.orders, 0) as waiting_orders, trim_scale(coalesce(w.credits, 0)) as waiting_credits,
         coalesce(r.licenses, 0) as renewals_30d, trim_scale(coalesce(r.credits, 0)) as renewals_credits,
         coalesce(w.unpriced, 0) + coalesce(r.unpriced, 0) as unpriced,
         trim_scale(a.balance - coalesce(w.credits, 0) - coalesce(r.credits, 0)) as left_after,
         trim_scale(s.spent) as spent_30d, trim_scale(round(s.spent / s.days, 6)) as spent_a_day,
         case when s.spent > 0 then round(greatest(a.balance, 0) / (s.spent / s.days), 1) end as days_left
  from bridge.account a
  left join (select p.account, count(*) as orders, sum(p.price) as credits, count(*) filter (where p.price is null) as unpriced
             from ops.waiting_purchases p group by p.account) w using (account)
  left join (select d.account, sum(d.licenses)::bigint as licenses, sum(d.price * d.licenses) as credits,
                    coalesce(sum(d.licenses) filter (where d.price is null), 0)::bigint as unpriced
             from ops.awaited_renewals d group by d.account) r using (account)
  left join (select x.account, sum(x.spent + x.adjustments) as spent
             from (select h.account, h.spent, h.adjustments from bridge.hour_account h where h.hour >= date_trunc('hour', now(), 'UTC') - interval '719 hours'
                   union all
                   select l.account, l.spent, l.adjustments
                   from bridge.summed u cross join lateral bridge.span_credits(greatest(u.until, date_trunc('hour', now(), 'UTC') - interval '719 hours'), 'infinity') l
                   where u.one) x
             group by x.account) t using (account)
  cross join lateral (
    select coalesce(t.spent, 0) as spent,
           -- a bridge that is younger than 30 days has spent in fewer
           greatest(1, least(30, extract(epoch from now() - (select min(f.at) from bridge.ledger f
                                                             where f.account = a.account)) / 86400))::numeric as days
    offset 0) s
  where a.provider = '724license';
comment on view ops.balance_runway is 'How long the credits of each account last, and what is known to come';
comment on column ops.balance_runway.left_after is 'What remains of the balance after the waiting orders and the renewals';
comment on column ops.balance_runway.unpriced is 'Waiting orders and renewals whose price is not known: not in the sums';
grant select on ops.balance_runway to bridge_ops;
