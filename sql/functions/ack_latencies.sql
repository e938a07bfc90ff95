-- SPDX-License-Identifier: Apache-2.0
-- From the time that an event bears to its being stored, source by source, of the orders since p_since, at most the last
-- 10,000.  The planner takes the span of ids for far more rows than it is: JIT and parallel workers would take longer
-- than the question.  Touches: orders (read).
create or replace function bridge.ack_latencies(p_since timestamptz)
returns table (source text, orders bigint, p50_s numeric, p95_s numeric, p99_s numeric, max_s numeric)
language plpgsql stable rows 50 security definer set search_path = pg_catalog, pg_temp
set max_parallel_workers_per_gather = 0 set jit = off as $$
begin
  return query
  select o.source, count(*), percentile_disc(0.5) within group (order by s.seconds),
         percentile_disc(0.95) within group (order by s.seconds),
         percentile_disc(0.99) within group (order by s.seconds), max(s.seconds)
  from bridge.orders o
  cross join lateral (select round(extract(epoch from o.created_at - o.event_at), 3) as seconds) s
  where o.order_id > (select max(m.order_id) from bridge.orders m) - 10000
    and o.created_at > p_since and o.event_at is not null
  group by o.source;
end
$$;
grant execute on function bridge.ack_latencies to bridge_ops;
