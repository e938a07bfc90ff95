-- SPDX-License-Identifier: Apache-2.0
-- R2.  Opens a window under the version at which the balance was read; null: something has changed since, or credits
-- are gone that went while nothing was being bought (account_robbed).
-- Touches: account, spending_window, operator_action.
create or replace function bridge.window_open(p_account text, p_version bigint, p_balance numeric, p_sandbox boolean,
                                              p_width int)
returns bigint language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  a bridge.account;
  missing numeric;
begin
  a := bridge.account_lock(p_account, p_version);
  if a.account is null or a.window_state <> 'shut' or a.paused
     or exists (select from bridge.orders o where o.account = p_account and o.paid
                and o.state in ('calling', 'in_doubt')) then
    return null;
  end if;
  missing := bridge.balance_expected(p_account) - p_balance;
  if missing > 0 and not p_sandbox then
    perform bridge.account_robbed(p_account, missing);
    return null;
  end if;
  return bridge.window_open_locked(a, p_balance, p_sandbox, p_width);
end
$$;
grant execute on function bridge.window_open to bridge_worker;
