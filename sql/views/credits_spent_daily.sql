-- SPDX-License-Identifier: Apache-2.0
create or replace view ops.credits_spent_daily as
  with over as (
    select coalesce(max(h.hour) + interval '1 hour', '-infinity') as since from bridge.hour h
  ), part as (
    select h.account, (h.hour at time zone 'UTC')::date as day, h.purchases, h.spent, h.topups, h.adjustments
    from bridge.hour_account h where h.hour >= date_trunc('day', now(), 'UTC') - interval '30 days'
    union all
    select l.account, (l.at at time zone 'UTC')::date, (l.kind = 'purchase')::int,
           case l.kind when 'purchase' then l.amount else 0 end, case l.kind when 'topup' then l.amount else 0 end,
           case l.kind when 'adjustment' then l.amount else 0 end
    from over cross join bridge.account a
    join bridge.ledger l on l.account = a.account
     and l.at >= greatest(over.since, date_trunc('day', now(), 'UTC') - interval '30 days')
    where l.kind <> 'observed'
  )
  select p.account, p.day, sum(p.purchases)::bigint as purchases, trim_scale(sum(p.spent)) as spent,
         trim_scale(sum(p.topups)) as topups, trim_scale(sum(p.adjustments)) as adjustments
  from part p
  group by p.account, p.day
  having sum(p.purchases) > 0 or sum(p.topups) <> 0 or sum(p.adjustments) <> 0;
comment on view ops.credits_spent_daily is 'Credits spent on each of the last 31 days (UTC), account by account';
grant select on ops.credits_spent_daily to bridge_ops;
