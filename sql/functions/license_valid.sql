-- SPDX-License-Identifier: Apache-2.0
-- A provider calls a license valid: the next time that it does not is news again.  Says whether anything changed.
-- Touches: license.
create or replace function bridge.license_valid(p_license bigint) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  update bridge.license set invalid_at = null, updated_at = now()
  where license_id = p_license and invalid_at is not null;
  return found;
end
$$;
grant execute on function bridge.license_valid to bridge_worker;
