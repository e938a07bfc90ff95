-- SPDX-License-Identifier: Apache-2.0
-- What a worker may: history_prune under the bridge's own name.  Touches: what history_prune touches.
create or replace function bridge.history_prune_kept(p_keep int) returns table (name text, month date, bytes bigint)
language sql security definer set search_path = pg_catalog, pg_temp as $$
  select p.name, p.month, p.bytes from bridge.history_prune('license-bridge', p_keep) p
$$;
grant execute on function bridge.history_prune_kept to bridge_worker;
