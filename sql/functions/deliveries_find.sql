-- SPDX-License-Identifier: Apache-2.0
-- A page of acknowledged deliveries, those of the newest orders first (null: any source, order, webhook-id; below
-- any order).  All deliveries of its last order are on the page.  Touches: delivery, orders (read).
create or replace function bridge.deliveries_find(p_source text, p_order bigint, p_key text, p_before bigint, p_limit int)
returns table (received_at timestamptz, source text, delivery_id text, order_id bigint, repeated boolean)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  if p_key is not null then
    return query
      select d.received_at, d.source, d.delivery_id, d.order_id, o.created_at < d.received_at
      from bridge.sources_known() s(name)
      join bridge.delivery d on d.source = s.name and d.delivery_id = p_key
      join bridge.orders o on o.order_id = d.order_id
      where (p_source is null or d.source = p_source) and (p_order is null or d.order_id = p_order)
        and (p_before is null or d.order_id < p_before);
    return;
  end if;
  return query
    select d.received_at, d.source, d.delivery_id, d.order_id, o.created_at < d.received_at
    from (
      select x.* from bridge.delivery x
      where (p_order is null or x.order_id = p_order) and (p_before is null or x.order_id < p_before)
        and (p_source is null or x.source = p_source)
      order by x.order_id desc
      fetch first (p_limit) rows with ties) d
    join bridge.orders o on o.order_id = d.order_id;
end
$$;
grant execute on function bridge.deliveries_find to bridge_ops;
