-- SPDX-License-Identifier: Apache-2.0
-- When the provider says that the license of an order was activated, in ms since 1970.  Touches: license.
create or replace function bridge.license_activated(p_order bigint, p_activated_ms bigint) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  update bridge.license l set activated_at = to_timestamp(p_activated_ms / 1000.0)
  from bridge.orders o
  where o.order_id = p_order and l.license_id = o.license_id
    and l.activated_at is distinct from to_timestamp(p_activated_ms / 1000.0)
$$;
grant execute on function bridge.license_activated to bridge_worker;
