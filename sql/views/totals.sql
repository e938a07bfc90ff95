-- SPDX-License-Identifier: Apache-2.0
create or replace view ops.totals as
  with over as (
    select coalesce(max(h.hour) + interval '1 hour', '-infinity') as since, coalesce(max(h.last_order), 0) as last_order,
           coalesce(sum(h.accepted), 0) as accepted, coalesce(sum(h.succeeded), 0) as succeeded,
           coalesce(sum(h.failed), 0) as failed, coalesce(sum(h.cancelled), 0) as cancelled
    from bridge.hour h
  )
  select (over.accepted + (select count(*) from bridge.orders o where o.order_id > over.last_order))::bigint as accepted,
         (over.succeeded + m.succeeded)::bigint as succeeded, (over.failed + m.failed)::bigint as failed,
         (over.cancelled + m.cancelled)::bigint as cancelled
  from over
  cross join lateral (
    select count(*) filter (where x.to_state = 'succeeded') as succeeded, count(*) filter (where x.to_state = 'failed') as failed,
           count(*) filter (where x.to_state = 'cancelled') as cancelled
    from bridge.order_history x
    where x.at >= over.since and x.to_state in ('succeeded', 'failed', 'cancelled')) m;
comment on view ops.totals is 'Orders accepted and finished since the beginning';
grant select on ops.totals to bridge_ops;
