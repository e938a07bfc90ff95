-- SPDX-License-Identifier: Apache-2.0
-- The number of the last migration: programs compare it with the one they were built for.
-- Touches: schema_migration (read).
create or replace function bridge.schema_version() returns int language sql stable security definer
set search_path = pg_catalog, pg_temp as $$
  select coalesce(max(number), 0) from bridge.schema_migration
$$;
grant execute on function bridge.schema_version() to bridge_intake, bridge_worker, bridge_ops, bridge_operator;
