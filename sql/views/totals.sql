-- SPDX-License-Identifier: Apache-2.0
-- The hours' sums and what is younger than they.
create or replace view ops.totals as
  select sum(x.accepted)::bigint as accepted, sum(x.succeeded)::bigint as succeeded, sum(x.failed)::bigint as failed,
         sum(x.cancelled)::bigint as cancelled, sum(x.deliveries)::bigint as deliveries
  from (
    select coalesce(sum(h.accepted), 0) as accepted, coalesce(sum(h.succeeded), 0) as succeeded,
           coalesce(sum(h.failed), 0) as failed, coalesce(sum(h.cancelled), 0) as cancelled,
           coalesce(sum(h.deliveries), 0) as deliveries
    from bridge.hour h
    union all
    select o.accepted, o.succeeded, o.failed, o.cancelled, o.deliveries
    from bridge.summed s
    cross join lateral bridge.span_orders(coalesce(s.until, '-infinity'), 'infinity', s.last_order, 9223372036854775807) o
    where s.one) x;
comment on view ops.totals is 'Deliveries acknowledged, orders accepted and finished since the beginning';
grant select on ops.totals to bridge_ops;
