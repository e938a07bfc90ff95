-- SPDX-License-Identifier: Apache-2.0
-- A balance as it was read just now; written once a minute unless it says something new.  Touches: account.
create or replace function bridge.balance_store(p_account text, p_balance numeric, p_sandbox boolean) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  update bridge.account set balance = p_balance, balance_at = now(), sandbox = p_sandbox, unread_since = null
  where account = p_account and (balance is distinct from p_balance or sandbox <> p_sandbox or balance_at is null
                                 or unread_since is not null or balance_at < now() - interval '1 minute');
end
$$;
grant execute on function bridge.balance_store to bridge_worker, bridge_operator;
