-- SPDX-License-Identifier: Apache-2.0
-- Puts the held heads of an account that wait for p_codes back into the queue; with a balance only those it pays for.
-- Touches: what hold_end touches.
create or replace function bridge.holds_release(p_account text, p_codes text[], p_balance numeric) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  w record;
  released int := 0;
begin
  for w in
    select o.order_id, o.license_id from bridge.orders o
    where o.account = p_account and o.state = 'held' and not o.parked and o.reason_code = any (p_codes)
      and (p_balance is null or o.price is null or o.price <= p_balance)
    order by o.order_id limit 1000
  loop
    released := released + bridge.hold_end(w.order_id, w.license_id, p_codes)::int;
  end loop;
  return released;
end
$$;
grant execute on function bridge.holds_release to bridge_worker;
