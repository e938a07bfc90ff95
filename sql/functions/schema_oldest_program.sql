-- SPDX-License-Identifier: Apache-2.0
-- The oldest program that can work here, as the number of the last migration it was built with.
-- Touches: schema_floor (read).
create or replace function bridge.schema_oldest_program() returns int language sql stable security definer
set search_path = pg_catalog, pg_temp as $$
  select oldest_program from bridge.schema_floor
$$;
grant execute on function bridge.schema_oldest_program() to bridge_intake, bridge_worker, bridge_ops, bridge_operator;
