-- SPDX-License-Identifier: Apache-2.0
-- R2.  Opens a window under the version at which the balance was read; null: something has changed since, or credits
-- are gone that went while nothing was being bought.  Then the books are not the whole story: somebody else spends, or
-- this database is an old backup that knows nothing of what was bought after it, and whatever the panels send again
-- would be bought again.  The account is paused until a person has booked it.
-- Touches: account, spending_window, operator_action.
create or replace function bridge.window_open(p_account text, p_version bigint, p_balance numeric, p_sandbox boolean,
                                              p_width int)
returns bigint language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  a bridge.account;
  missing numeric;
  sentence text;
begin
  a := bridge.account_lock(p_account, p_version);
  if a.account is null or a.window_state <> 'shut' or a.paused
     or exists (select from bridge.orders o where o.account = p_account and o.paid
                and o.state in ('calling', 'in_doubt')) then
    return null;
  end if;
  missing := bridge.balance_expected(p_account) - p_balance;
  if missing > 0 and not p_sandbox then
    sentence := format('%s credits are gone that went while nothing was being bought: somebody else spends, or this '
                       'database is an old backup. Find out, book them with "bridgectl balance adjust %s -%s", resume',
                       trim_scale(missing), p_account, trim_scale(missing));
    perform bridge.account_pause(p_account, sentence);
    perform bridge.operator_note('license-bridge', 'account.pause', null, p_account, sentence);
    return null;
  end if;
  return bridge.window_open_locked(a, p_balance, p_sandbox, p_width);
end
$$;
grant execute on function bridge.window_open to bridge_worker;
