-- SPDX-License-Identifier: Apache-2.0
-- A time as the API spells it.
create or replace function bridge.utc(p_at timestamptz) returns text
language sql immutable parallel safe security definer set search_path = pg_catalog, pg_temp as $$
  select to_char(p_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;
grant execute on function bridge.utc to bridge_ops;
