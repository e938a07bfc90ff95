-- SPDX-License-Identifier: Apache-2.0
-- Brings orders forward whose pair has been let go.  Locks each line before the pair.  Says how many were looked at.
-- Touches: line, pair, orders and what line_advance touches.
create or replace function bridge.pairs_wake() returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  w record;
  obstacle record;
  o bridge.orders;
  woken int := 0;
begin
  for w in
    select o2.order_id, o2.license_id from bridge.orders o2 join bridge.pair p on p.pair_id = o2.waits_pair
    where o2.waits_pair is not null and (p.license_id is null or p.license_id = o2.license_id)
    order by o2.order_id limit 200
  loop
    perform from bridge.line where license_id = w.license_id for update skip locked;
    continue when not found;
    select * into o from bridge.orders where order_id = w.order_id and waits_pair is not null and state = 'blocked';
    continue when not found;
    perform from bridge.pair where pair_id = o.waits_pair for update skip locked;
    continue when not found; -- the front door is at it, perhaps waiting for another pair that we hold
    obstacle := bridge.order_obstacle(o);
    if obstacle.pair_id is null then
      update bridge.orders set waits_pair = null, updated_at = now() where order_id = w.order_id;
      perform bridge.line_advance(w.license_id);
      woken := woken + 1;
    elsif obstacle.pair_id <> o.waits_pair then
      update bridge.orders
      set waits_pair = obstacle.pair_id, reason = bridge.pair_sentence(obstacle.pair_id), updated_at = now()
      where order_id = w.order_id;
    end if;
  end loop;
  return woken;
end
$$;
grant execute on function bridge.pairs_wake to bridge_worker;
