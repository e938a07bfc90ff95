-- SPDX-License-Identifier: Apache-2.0
-- The hours' sums and what is younger than they.
create or replace view ops.activity_hourly as
  with tail as (
    select greatest(s.until, date_trunc('hour', now(), 'UTC') - interval '23 hours') as since, s.last_order from bridge.summed s where s.one
  ), counted as (
    select h.hour, h.accepted, h.succeeded, h.failed, h.cancelled, 0 as calls, 0 as errors, 0 as spent, h.deliveries
    from bridge.hour h where h.hour >= date_trunc('hour', now(), 'UTC') - interval '23 hours'
    union all
    select c.hour, 0, 0, 0, 0, c.calls, c.errors, c.spent + c.adjustments, 0
    from bridge.hour_account c where c.hour >= date_trunc('hour', now(), 'UTC') - interval '23 hours'
    union all
    select o.hour, o.accepted, o.succeeded, o.failed, o.cancelled, 0, 0, 0, o.deliveries
    from tail cross join lateral bridge.span_orders(tail.since, 'infinity', tail.last_order, 9223372036854775807) o
    union all
    select a.hour, 0, 0, 0, 0, a.calls, a.errors, 0, 0
    from tail cross join lateral bridge.span_calls(tail.since, 'infinity') a
    union all
    select l.hour, 0, 0, 0, 0, 0, 0, l.spent + l.adjustments, 0
    from tail cross join lateral bridge.span_credits(tail.since, 'infinity') l
  )
  select g.hour, coalesce(sum(c.accepted), 0)::bigint as accepted, coalesce(sum(c.succeeded), 0)::bigint as succeeded,
         coalesce(sum(c.failed), 0)::bigint as failed, coalesce(sum(c.cancelled), 0)::bigint as cancelled,
         coalesce(sum(c.calls), 0)::bigint as calls, coalesce(sum(c.errors), 0)::bigint as errors,
         trim_scale(coalesce(sum(c.spent), 0)) as spent, coalesce(sum(c.deliveries), 0)::bigint as deliveries
  from generate_series(date_trunc('hour', now(), 'UTC') - interval '23 hours', date_trunc('hour', now(), 'UTC'), interval '1 hour') g(hour)
  left join counted c using (hour)
  group by g.hour;
comment on view ops.activity_hourly is 'The last 24 hours, hour by hour: orders, calls that ended, credits, deliveries (repeated ones under an id of their own included)';
grant select on ops.activity_hourly to bridge_ops;
