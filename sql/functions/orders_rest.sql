-- SPDX-License-Identifier: Apache-2.0
-- Of the orders that somebody waits for, those that the wait is over for: they rest (ended, held or in review), or
-- are asked about whatever their state.  p_orders: ids; p_due: those of them whose time is up.
-- Touches: orders (read), line (read).
create or replace function bridge.orders_rest(p_orders bigint[], p_due bigint[])
returns table (order_id bigint, state text, reason text) language sql stable security definer
set search_path = pg_catalog, pg_temp as $$
  select o.order_id, o.state::text, bridge.order_reason(o) from bridge.orders o
  where o.order_id = any (p_orders)
    and (o.state in ('succeeded', 'failed', 'cancelled', 'held', 'needs_review') or o.order_id = any (p_due))
$$;
grant execute on function bridge.orders_rest to bridge_intake;
