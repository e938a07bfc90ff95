-- SPDX-License-Identifier: Apache-2.0
-- Shows the pause on the orders that it stops, and lets those go whose account goes on but which were locked, or on
-- their way into the hold, when it was resumed.  Says how many were moved.  It is asked each second: where nothing is
-- paused, no line is looked at.  Touches: line, orders and what holds_release touches.
create or replace function bridge.account_sweep() returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  a bridge.account;
  w record;
  swept int := 0;
begin
  for a in select * from bridge.account where paused order by account loop
    for w in
      select l.license_id, l.head_order from bridge.line l
      where l.account = a.account and l.run_at is not null and l.lease_owner is null
      order by l.account, l.head_paid, l.run_at limit 1000 for update skip locked
    loop
      update bridge.orders
      set state = 'held', reason_code = 'account_paused', reason = 'the account is paused: ' || a.pause_reason,
          next_try_at = null, updated_at = now()
      where order_id = w.head_order and state = 'queued';
      update bridge.line set run_at = null where license_id = w.license_id;
      swept := swept + 1;
    end loop;
  end loop;
  for w in
    select c.account from bridge.account c
    where not c.paused and exists (select from bridge.orders o where o.account = c.account and o.state = 'held'
                                   and o.reason_code in ('account_paused', 'account_denied'))
  loop
    swept := swept + bridge.holds_release(w.account, array['account_paused', 'account_denied'], null);
  end loop;
  return swept;
end
$$;
grant execute on function bridge.account_sweep to bridge_worker;
