-- SPDX-License-Identifier: Apache-2.0
create or replace view ops.activity_hourly as
  with over as (
    select coalesce(max(h.hour) + interval '1 hour', date_trunc('hour', now()) - interval '23 hours') as since,
           coalesce(max(h.last_order), 0) as last_order
    from bridge.hour h
  ), whole as (
    select h.hour, h.accepted, h.succeeded, h.failed, h.cancelled, s.calls, s.errors, s.spent
    from bridge.hour h
    cross join lateral (select coalesce(sum(x.calls), 0) as calls, coalesce(sum(x.errors), 0) as errors,
                               coalesce(sum(x.spent + x.adjustments), 0) as spent
                        from bridge.hour_account x where x.hour = h.hour) s
    where h.hour > now() - interval '25 hours'
  ), parts as (
    select date_trunc('hour', o.created_at) as hour, 'accepted' as what, count(*)::numeric as n
    from over cross join bridge.orders o
    where o.order_id > over.last_order and o.created_at >= over.since group by 1
    union all
    select date_trunc('hour', m.at), m.to_state::text, count(*)
    from over cross join bridge.order_history m
    where m.at >= over.since and m.at > now() - interval '25 hours' and m.to_state in ('succeeded', 'failed', 'cancelled') group by 1, 2
    union all
    select date_trunc('hour', a.started_at), c.what, count(*)
    from over cross join bridge.attempt a
    cross join lateral (values ('calls', true), ('errors', a.verdict in ('later', 'unsure'))) c(what, counts)
    where a.started_at >= over.since and a.started_at > now() - interval '25 hours' and c.counts group by 1, 2
    union all
    select date_trunc('hour', l.at), 'spent', sum(l.amount)
    from over cross join bridge.account b join bridge.ledger l on l.account = b.account and l.at >= over.since and l.at > now() - interval '25 hours'
    where l.kind in ('purchase', 'adjustment') group by 1
  )
  select g.hour, coalesce(w.accepted, sum(p.n) filter (where p.what = 'accepted'), 0)::bigint as accepted,
         coalesce(w.succeeded, sum(p.n) filter (where p.what = 'succeeded'), 0)::bigint as succeeded,
         coalesce(w.failed, sum(p.n) filter (where p.what = 'failed'), 0)::bigint as failed,
         coalesce(w.cancelled, sum(p.n) filter (where p.what = 'cancelled'), 0)::bigint as cancelled,
         coalesce(w.calls, sum(p.n) filter (where p.what = 'calls'), 0)::bigint as calls,
         coalesce(w.errors, sum(p.n) filter (where p.what = 'errors'), 0)::bigint as errors,
         trim_scale(coalesce(w.spent, sum(p.n) filter (where p.what = 'spent'), 0)) as spent
  from generate_series(date_trunc('hour', now()) - interval '23 hours', date_trunc('hour', now()), interval '1 hour') g(hour)
  left join whole w using (hour)
  left join parts p using (hour)
  group by g.hour, w.accepted, w.succeeded, w.failed, w.cancelled, w.calls, w.errors, w.spent;
comment on view ops.activity_hourly is 'The last 24 hours, hour by hour: orders, calls, credits';
grant select on ops.activity_hourly to bridge_ops;
