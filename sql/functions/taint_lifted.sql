-- SPDX-License-Identifier: Apache-2.0
-- A doubt in review was settled, or an alarm acknowledged.  A window is tainted for its whole life; where the account
-- has nothing left that taints, that life ends now, so that the next window can prove something again.
-- The account's row is locked by the caller.  Touches: account, spending_window.
create or replace function bridge.taint_lifted(p_account text) returns void language plpgsql as $$
begin
  update bridge.account a
  set window_state = 'drain', version = version + 1
  from bridge.spending_window w
  where a.account = p_account and w.window_id = a.window_id and a.window_state = 'open' and w.tainted
    and w.balance_open is not null and not a.sandbox and a.alarm is null
    and not exists (select from bridge.orders o where o.account = a.account and o.unsettled);
  if found then
    update bridge.spending_window set state = 'drain'
    where window_id = (select window_id from bridge.account where account = p_account);
  end if;
end
$$;
