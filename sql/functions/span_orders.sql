-- SPDX-License-Identifier: Apache-2.0
-- What happened to orders from one time up to another, hour by hour, counted row by row: what the sums of hours are
-- made of, and what is younger than they.  p_after: no order up to this one was accepted since p_from; p_before: none
-- from this one on before p_until.
-- What is summed is little each time: neither helpers nor a compiler are worth their start.
-- Touches: orders, delivery, order_history (read).
create or replace function bridge.span_orders(p_from timestamptz, p_until timestamptz, p_after bigint,
                                               p_before bigint)
returns table (hour timestamptz, accepted bigint, deliveries bigint, succeeded bigint, failed bigint, cancelled bigint)
language plpgsql stable rows 50 security definer set search_path = pg_catalog, pg_temp
set max_parallel_workers_per_gather = 0 set jit = off as $$
begin
  return query
  select x.hour, coalesce(sum(x.n) filter (where x.what = 'accepted'), 0)::bigint,
         coalesce(sum(x.n) filter (where x.what = 'delivered'), 0)::bigint,
         coalesce(sum(x.n) filter (where x.what = 'succeeded'), 0)::bigint,
         coalesce(sum(x.n) filter (where x.what = 'failed'), 0)::bigint,
         coalesce(sum(x.n) filter (where x.what = 'cancelled'), 0)::bigint
  from (
    select date_trunc('hour', o.created_at, 'UTC') as hour, 'accepted' as what, count(*) as n from bridge.orders o
    where o.order_id > p_after and o.order_id < p_before and o.created_at >= p_from and o.created_at < p_until group by 1
    union all
    select date_trunc('hour', d.received_at, 'UTC'), 'delivered', count(*) from bridge.delivery d
    where d.received_at >= p_from and d.received_at < p_until group by 1
    union all
    select date_trunc('hour', m.at, 'UTC'), m.to_state::text, count(*) from bridge.order_history m
    where m.at >= p_from and m.at < p_until and m.to_state in ('succeeded', 'failed', 'cancelled') group by 1, 2) x
  group by x.hour;
end
$$;
grant execute on function bridge.span_orders to bridge_ops;
