-- SPDX-License-Identifier: Apache-2.0
-- R3.  The intent of a paid call: queued to calling inside the open window, price booked, lease made long enough.
-- code 'go': attempt is its number.  Anything else: nothing may be sent; 'dear' (it may cost more than its max_credits),
-- 'short' (the window's balance does not pay it), 'wait' (the window is full, alone, closing or shut), 'lost' (no longer
-- ours).
-- Touches: line, account, spending_window, orders, attempt.
create or replace function bridge.work_begin(p_worker text, p_order bigint, p_epoch bigint, p_lease_ms bigint, p_month numeric,
                                  p_width int, p_count int, p_span_ms bigint)
returns bridge.begin_result language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  a bridge.account;
  w bridge.spending_window;
  o bridge.orders;
  calling int;
  committed numeric;
  known numeric;
  most numeric;
  odd boolean; -- a create where a license of ours was: it may find that one and cost nothing
  alone boolean;
begin
  update bridge.line
  set lease_until = now() + p_lease_ms * interval '1 ms', run_at = now() + p_lease_ms * interval '1 ms'
  where license_id = (select license_id from bridge.orders where order_id = p_order) and head_order = p_order
    and lease_owner = p_worker and lease_epoch = p_epoch and lease_until > now();
  if not found then
    return row(null::int, 'lost'::text, null::text);
  end if;
  select acc.* into a from bridge.account acc
  where acc.account = (select account from bridge.orders where order_id = p_order) for no key update;
  select * into o from bridge.orders where order_id = p_order and state = 'queued';
  select * into w from bridge.spending_window where window_id = a.window_id;
  select count(*), coalesce(sum(c.price), 0) into calling, committed from bridge.orders c
  where c.account = a.account and c.paid and c.state = 'calling';
  if o.order_id is null or a.paused then
    return row(null::int, 'lost'::text, null::text);
  elsif a.window_state <> 'open' or w.solo or calling >= least(a.width, p_width) then
    return row(null::int, 'wait'::text, null::text);
  end if;
  odd := o.type = 'license.create' and exists (
    select from bridge.pair p where p.account = o.account and p.upstream_type = o.upstream_type and p.ip = o.ip
      and (p.owned_at is not null or p.terminated_at is not null));
  known := bridge.price_learned(o, p_month);
  alone := known is null or odd;
  most := bridge.order_most(o, p_month);
  if most > o.max_credits then
    return row(null::int, 'dear'::text, most::text);
  elsif w.begun >= p_count or w.opened_at + p_span_ms * interval '1 ms' < now()
     or (alone and w.begun > 0 and not w.tainted) then
    update bridge.account set window_state = 'drain', version = version + 1 where account = a.account;
    update bridge.spending_window set state = 'drain' where window_id = w.window_id;
    return row(null::int, 'wait'::text, null::text);
  elsif w.balance_open - w.confirmed - committed < coalesce(known, p_month) then
    -- The next window begins with a fresh reading.
    update bridge.account set window_state = 'drain', version = version + 1 where account = a.account;
    update bridge.spending_window set state = 'drain' where window_id = w.window_id;
    return row(null::int, 'short'::text, (w.balance_open - w.confirmed - committed)::text);
  end if;
  update bridge.orders
  set state = 'calling', attempts = attempts + 1, price = most, price_other = coalesce(known, p_month),
      may_be_free = odd or (o.type = 'license.change_product' and coalesce(known, 0) = 0), month_price = p_month,
      window_id = w.window_id, reason_code = 'calling', reason = null, next_try_at = null, deadline = null,
      updated_at = now()
  where order_id = p_order returning * into o;
  update bridge.spending_window set begun = begun + 1, solo = (alone and not tainted)
  where window_id = w.window_id;
  update bridge.account set version = version + 1 where account = a.account;
  insert into bridge.attempt (order_id, attempt, account, call, worker, epoch, price, balance_before, window_id)
  values (o.order_id, o.attempts, o.account, o.type::text, p_worker, p_epoch, most, w.balance_open, w.window_id);
  return row(o.attempts, 'go'::text, most::text);
end
$$;
grant execute on function bridge.work_begin to bridge_worker;
