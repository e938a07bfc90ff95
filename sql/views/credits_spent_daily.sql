-- SPDX-License-Identifier: Apache-2.0
-- The hours' sums and what is younger than they.
create or replace view ops.credits_spent_daily as
  with part as (
    select h.account, h.hour, h.purchases, h.spent, h.topups, h.adjustments
    from bridge.hour_account h where h.hour >= date_trunc('day', now(), 'UTC') - interval '30 days'
    union all
    select l.account, l.hour, l.purchases, l.spent, l.topups, l.adjustments
    from bridge.summed s
    cross join lateral bridge.span_credits(greatest(s.until, date_trunc('day', now(), 'UTC') - interval '30 days'), 'infinity') l
    where s.one
  )
  select p.account, (p.hour at time zone 'UTC')::date as day, sum(p.purchases)::bigint as purchases,
         trim_scale(sum(p.spent)) as spent, trim_scale(sum(p.topups)) as topups,
         trim_scale(sum(p.adjustments)) as adjustments
  from part p
  group by 1, 2
  having sum(p.purchases) > 0 or sum(p.topups) <> 0 or sum(p.adjustments) <> 0;
comment on view ops.credits_spent_daily is 'Credits spent on each of the last 31 days (UTC), account by account';
grant select on ops.credits_spent_daily to bridge_ops;
