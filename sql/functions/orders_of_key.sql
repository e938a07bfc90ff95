-- SPDX-License-Identifier: Apache-2.0
-- Orders of an operation_key or a webhook-id, whatever the source.  Touches: orders, delivery (read).
create or replace function bridge.orders_of_key(p_key text) returns setof bigint language sql stable as $$
  select o.order_id from bridge.sources_known() s(source)
  join bridge.orders o on o.source = s.source and o.operation_key = p_key and not o.key_free
  union
  select o.order_id from bridge.orders o where o.operation_key = p_key and o.key_free
  union
  select d.order_id from bridge.sources_known() s(source)
  join bridge.delivery d on d.source = s.source and d.delivery_id = p_key
$$;
