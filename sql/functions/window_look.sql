-- SPDX-License-Identifier: Apache-2.0
-- The account's window as it is: what a worker needs to know what to do next.  settle_ms: until the balance may be
-- read to settle it.  Touches nothing.
create or replace function bridge.window_look(p_account text, p_quiet_ms bigint) returns bridge.window_look
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin -- plpgsql keeps the plan; this is asked for more often than anything else
  return (
  select row(a.version, a.window_state, a.window_id, w.tainted, w.solo, w.balance_open::text, w.confirmed::text, w.begun,
             count(o.order_id) filter (where o.state = 'calling'), count(o.order_id) filter (where o.state = 'in_doubt'),
             exists (select from bridge.line l where l.account = a.account and l.head_paid and l.run_at <= now()
                     and l.lease_owner is null),
             a.paused, a.alarm, a.width, extract(epoch from now() - w.opened_at) * 1000,
             greatest(0, extract(epoch from max(o.deadline) filter (where o.state = 'in_doubt') - now()) * 1000
                         + p_quiet_ms),
             extract(epoch from now() - a.unread_since) * 1000, s.price_other::text,
             s.may_be_free)::bridge.window_look
  from bridge.account a
  left join bridge.spending_window w on w.window_id = a.window_id
  left join bridge.orders o on o.account = a.account and o.paid and o.state in ('calling', 'in_doubt')
  left join lateral (select d.price_other, d.may_be_free from bridge.orders d
                     where d.window_id = w.window_id and d.state = 'succeeded' limit 1) s on w.solo and w.state <> 'shut'
  where a.account = p_account
  group by a.account, w.window_id, s.price_other, s.may_be_free);
end
$$;
grant execute on function bridge.window_look to bridge_worker;
