-- SPDX-License-Identifier: Apache-2.0
-- The partitions of all history tables in one transaction, as the former release's workers make them.
-- Touches: what partitions_make touches.
create or replace function bridge.partitions_ensure() returns void language sql security definer
set search_path = pg_catalog, pg_temp as $$
  select bridge.partitions_make(t.name)
  from unnest(array['event', 'attempt', 'order_history', 'refusal']) with ordinality t(name, n) order by t.n
$$;
grant execute on function bridge.partitions_ensure to bridge_worker;
