-- SPDX-License-Identifier: Apache-2.0
-- R7.  What lies in review and may still be found by the existence probe: the oldest of each account that is due.
-- Touches nothing.
create or replace function bridge.tray_probes()
returns table (account text, order_id bigint, attempt int, upstream_type text, ip text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select distinct on (o.account) o.account, o.order_id, o.attempts, coalesce(o.new_upstream_type, o.upstream_type),
         host(o.ip)
  from bridge.orders o join bridge.account a using (account)
  where o.unsettled and not a.paused and coalesce(o.next_try_at, o.updated_at) <= now() and bridge.order_probeable(o)
  order by o.account, o.next_try_at nulls first, o.order_id
$$;
grant execute on function bridge.tray_probes to bridge_worker;
