-- SPDX-License-Identifier: Apache-2.0
-- A window without doubts moved the balance by p_moved.  Where that is not what was booked but what the calls cost at
-- the catalogue's prices of now, the difference is booked, so that the ledger agrees with the balance, and told.
-- Touches: ledger, operator_action.
create or replace function bridge.window_repriced(w bridge.spending_window, p_moved numeric) returns void
language plpgsql as $$
begin
  if p_moved <> w.confirmed and p_moved = bridge.window_expected(w.window_id)::numeric then
    insert into bridge.ledger (account, kind, amount, note)
    values (w.account, 'adjustment', p_moved - w.confirmed, format('window %s was charged at new prices', w.window_id));
    perform bridge.operator_note('license-bridge', 'account.prices_changed', null, w.account,
      format('window %s cost %s and was booked at %s: the prices have changed', w.window_id, trim_scale(p_moved),
             trim_scale(w.confirmed)));
  end if;
end
$$;
