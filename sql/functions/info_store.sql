-- SPDX-License-Identifier: Apache-2.0
-- Keeps what a provider said of itself.  p_info: a JSON object.  Touches: account.
create or replace function bridge.info_store(p_account text, p_info text) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  update bridge.account set info = p_info::jsonb, info_at = now() where account = p_account
$$;
grant execute on function bridge.info_store to bridge_worker;
