-- SPDX-License-Identifier: Apache-2.0
-- The orders among the newest p_newest that have more than one delivery, which an index alone tells.
-- Touches: orders, delivery (read).
create or replace function bridge.orders_repeated(p_newest int) returns setof bigint
language plpgsql stable rows 100 security definer set search_path = pg_catalog, pg_temp as $$
declare
  first constant bigint := (select max(m.order_id) from bridge.orders m) - p_newest;
begin
  return query select x.order_id from bridge.delivery x where x.order_id > first group by x.order_id having count(*) > 1;
end
$$;
grant execute on function bridge.orders_repeated to bridge_ops;
