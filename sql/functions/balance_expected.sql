-- SPDX-License-Identifier: Apache-2.0
-- What an account's balance must be at least, by our own books: what it was when its last window with a reading was
-- settled, less what was spent since, or may have been by orders that are not settled.  Credits that came count for
-- nothing here: they may have been there already when they were booked.  Null: not known.
-- Touches: account, spending_window, ledger, orders (read).
create or replace function bridge.balance_expected(p_account text) returns numeric
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select w.balance_close
         - coalesce((select sum(l.amount) from bridge.ledger l
                     where l.account = w.account and l.at > w.closed_at and l.kind in ('purchase', 'adjustment')
                       and l.amount > 0), 0)
         - coalesce((select sum(o.price) from bridge.orders o where o.account = w.account and o.unsettled), 0)
  from bridge.account a
  cross join lateral (
    select s.account, s.balance_close, s.closed_at from bridge.spending_window s
    where s.account = a.account and s.state = 'shut' and s.balance_close is not null
    order by s.window_id desc limit 1) w
  where a.account = p_account and a.window_state = 'shut' and not a.sandbox
$$;
grant execute on function bridge.balance_expected to bridge_operator;
