-- SPDX-License-Identifier: Apache-2.0
-- What an account's balance must be at least, by our own books: what it was when its last window with a reading was
-- settled, and what was booked since.  Null: not known, or a doubtful call may have changed it.
-- Touches: account, spending_window, ledger, orders (read).
create or replace function bridge.balance_expected(p_account text) returns numeric
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select w.balance_close + coalesce((
           select sum(case l.kind when 'topup' then l.amount else -l.amount end) from bridge.ledger l
           where l.account = w.account and l.at > w.closed_at and l.kind in ('topup', 'purchase', 'adjustment')), 0)
  from bridge.account a
  cross join lateral (
    select s.account, s.balance_close, s.closed_at from bridge.spending_window s
    where s.account = a.account and s.state = 'shut' and s.balance_close is not null
    order by s.window_id desc limit 1) w
  where a.account = p_account and a.window_state = 'shut' and not a.sandbox
    and not exists (select from bridge.orders o where o.account = a.account and o.paid
                    and (o.unsettled or o.state in ('calling', 'in_doubt')))
$$;
grant execute on function bridge.balance_expected to bridge_operator;
