-- SPDX-License-Identifier: Apache-2.0
-- Orders that may be on an address: those of each license that had it or waits for it, those that ended badly or are
-- Lisans Zone's, and the newest that wait.  The caller compares the address itself.
-- Touches: license, license_ip, pair, orders (read).
create or replace function bridge.orders_of_ip(p_ip inet) returns setof bigint language sql stable as $$
  with licenses as (
    select i.license_id from bridge.license_ip i where i.ip = p_ip
    union
    select l.license_id from bridge.license l where l.ip = p_ip
    union
    select p.license_id from bridge.pair p where p.ip = p_ip and p.license_id is not null
  )
  select o.order_id from licenses join bridge.orders o using (license_id)
  union
  select o.order_id from bridge.orders o
  where o.ip = p_ip and (o.state in ('failed', 'cancelled') or o.provider = 'lisanszone')
  union
  select o.order_id from bridge.orders o where o.new_ip = p_ip and o.state in ('failed', 'cancelled')
  union
  select o.order_id from bridge.pair p join bridge.orders o on o.waits_pair = p.pair_id where p.ip = p_ip
  union
  select w.order_id
  from unnest(array['queued', 'blocked', 'held']::bridge.order_state[]) s(state)
  cross join lateral (
    select o.order_id from bridge.orders o
    where o.state = s.state and o.state not in ('succeeded', 'failed', 'cancelled')
    order by o.order_id desc limit 2000) w
$$;
