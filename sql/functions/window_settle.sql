-- SPDX-License-Identifier: Apache-2.0
-- R6.  Settles and shuts a draining window under the version at which the balance was read.
-- p_orders, p_fates ('done', 'not', 'free', 'unknown'), p_costs: one per doubt.  p_balance: null when it cannot be read.
-- p_alarm: why nothing fits; null.  p_learned: what the only call of a solo window cost; null.  p_rise: what is there
-- beyond what was expected.  p_next: the balance may open the next window at once.  False: something has changed
-- since, nothing was done.
-- Touches: line, account, spending_window, product_price, ledger, operator_action and what order_end touches.
create or replace function bridge.window_settle(
  p_account text, p_version bigint, p_balance numeric, p_sandbox boolean, p_orders bigint[], p_fates text[],
  p_costs numeric[], p_evidence boolean, p_sentence text, p_alarm text, p_learned numeric, p_rise numeric,
  p_next boolean, p_width int)
returns boolean language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  a bridge.account;
  w bridge.spending_window;
  o bridge.orders;
  missing numeric;
  r record;
begin
  perform from bridge.line l
  where l.license_id in (select d.license_id from bridge.orders d where d.order_id = any (p_orders))
  order by l.license_id for update;
  a := bridge.account_lock(p_account, p_version);
  if a.account is null or a.window_state <> 'drain'
     or exists (select from bridge.orders c where c.account = p_account and c.paid and c.state = 'calling') then
    return false;
  end if;
  select * into w from bridge.spending_window where window_id = a.window_id;
  if not (w.tainted or p_sandbox) then
    missing := bridge.window_missing(a, w, p_balance);
  end if;
  for r in select u.* from unnest(p_orders, p_fates, p_costs) as u(id, fate, cost) loop
    select * into o from bridge.orders where order_id = r.id and state = 'in_doubt' for update;
    perform bridge.doubt_end(o, r.fate, r.cost, p_evidence, p_sentence);
  end loop;
  if p_rise > 0 and bridge.window_rise_doubtful(w, p_rise) then
    p_alarm := 'more credits are left than the orders that count as bought leave: one of them was not charged';
    p_rise := null;
  end if;
  perform bridge.window_book(a, w, p_balance, p_learned, p_rise, p_alarm);
  if cardinality(p_orders) = 0 and not (w.tainted or p_sandbox) and p_alarm is null and p_learned is null
     and coalesce(p_rise, 0) = 0 then
    perform bridge.window_repriced(w, w.balance_open - p_balance);
  end if;
  if missing is not null then
    perform bridge.account_robbed(p_account, missing);
  end if;
  update bridge.spending_window set state = 'shut', balance_close = case when not p_sandbox then p_balance end, closed_at = now()
  where window_id = w.window_id;
  update bridge.account
  set version = version + 1, window_state = 'shut',
      sandbox = case when p_balance is null then sandbox else p_sandbox end,
      alarm = coalesce(alarm, p_alarm), alarm_at = case when p_alarm is null then alarm_at else coalesce(alarm_at, now()) end,
      width = case when cardinality(p_orders) > 0 or w.tainted or p_alarm is not null then 1
                   else least(width * 2, p_width) end
  where account = p_account returning * into a;
  if p_next and p_balance is not null and p_alarm is null and not a.paused then
    perform bridge.window_open_locked(a, p_balance, p_sandbox, p_width);
  end if;
  return true;
end
$$;
grant execute on function bridge.window_settle to bridge_worker;
