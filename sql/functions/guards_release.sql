-- SPDX-License-Identifier: Apache-2.0
-- Lets orders go on that the price guard holds and would let pass by now: the price last read, of a month, is within
-- their product's limit (p_products, p_limits; null: none), and what the call can cost is within their max_credits.
-- What is not configured stays held.  Touches: product, product_price (read) and what hold_end touches.
create or replace function bridge.guards_release(p_products text[], p_limits text[]) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  w record;
  released int := 0;
begin
  for w in
    select o.order_id, o.license_id
    from bridge.orders o
    join unnest(p_products, p_limits) as c(product_code, most)
      on c.product_code = coalesce(o.new_product_code, o.product_code)
    join bridge.product p on p.account = o.account and p.upstream_type = coalesce(o.new_upstream_type, o.upstream_type)
    where o.state = 'held' and not o.parked and o.reason_code = 'price_guard'
      and p.price <= coalesce(c.most::numeric, 'infinity')
      and bridge.order_most(o, p.price) <= coalesce(o.max_credits, 'infinity')
    order by o.order_id limit 1000
  loop
    released := released + bridge.hold_end(w.order_id, w.license_id, array['price_guard'])::int;
  end loop;
  return released;
end
$$;
grant execute on function bridge.guards_release to bridge_worker;
