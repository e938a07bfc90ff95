-- SPDX-License-Identifier: Apache-2.0
-- Puts the license's next order at the head of its line and says in what state it waits.  Orders that have begun
-- stay at the head; the others go by sequence, then arrival.  Touches: line, orders, pair, license, account.
create or replace function bridge.line_advance(p_license bigint) returns void language plpgsql as $$
declare
  l bridge.line;
  o bridge.orders;
  bar record;
  obstacle record;
  pause text;
begin
  loop
    select * into l from bridge.line where license_id = p_license;
    -- What has begun is the head, and stays it.  Looked for by itself: the rest is then the first of an index, however
    -- many orders wait.
    select * into o from bridge.orders
    where order_id = l.head_order and not parked
      and (state in ('calling', 'in_doubt', 'needs_review')
           or attempts > 0 and state not in ('succeeded', 'failed', 'cancelled'));
    if not found then
      select * into o from bridge.orders where order_id = (select bridge.line_waiting(p_license));
    end if;
    if not found then
      update bridge.line set head_order = null, run_at = null, lease_owner = null, lease_until = null
      where license_id = p_license;
      return;
    end if;
    if o.state in ('calling', 'in_doubt', 'needs_review') or (o.order_id = l.head_order and o.state = 'queued') then
      return; -- it has begun, or is already claimable
    end if;
    if o.order_id is distinct from l.head_order and l.head_order is not null then
      update bridge.orders
      set state = 'blocked', reason_code = 'line', reason = null, next_try_at = null, updated_at = now()
      where order_id = l.head_order and state = 'queued';
    end if;
    bar := bridge.order_bar(o, l.done_sequence);
    exit when bar.state is null;
    perform bridge.order_end_uncalled(o.order_id, bar.state, bar.code, bar.sentence);
  end loop;

  if o.state = 'held' and o.order_id = l.head_order then
    return; -- a hold is ended by what it waits for, not by its neighbours
  end if;
  obstacle := bridge.order_obstacle(o);
  select a.pause_reason into pause from bridge.account a where a.account = o.account and a.paused;
  if obstacle.pair_id is not null and bridge.order_cycle(p_license, obstacle.holder) then
    update bridge.orders
    set state = 'held', waits_pair = null, reason_code = 'cycle', next_try_at = null, updated_at = now(),
        reason = 'this order and the holder of its address wait for each other: cancel one, or move it elsewhere first'
    where order_id = o.order_id;
  elsif obstacle.pair_id is not null then
    update bridge.orders
    set state = 'blocked', waits_pair = obstacle.pair_id, reason_code = 'pair', next_try_at = null,
        reason = bridge.pair_sentence(obstacle.pair_id), updated_at = now()
    where order_id = o.order_id;
  elsif o.state = 'held' then
    null;
  elsif pause is not null then
    update bridge.orders
    set state = 'held', waits_pair = null, reason_code = 'account_paused', next_try_at = null,
        reason = 'the account is paused: ' || pause, updated_at = now()
    where order_id = o.order_id;
  else
    update bridge.orders
    set state = 'queued', waits_pair = null, updated_at = now(),
        next_try_at = greatest(now(), l.settle_until, l.probe_until),
        reason_code = case when greatest(l.settle_until, l.probe_until) > now() then 'settle' end,
        reason = case when greatest(l.settle_until, l.probe_until) > now()
                      then 'waits until a doubtful call of the order before can no longer act' end
    where order_id = o.order_id
    returning * into o;
  end if;
  update bridge.line
  set account = o.account, head_order = o.order_id, head_paid = o.paid, head_type = o.type, lease_owner = null, lease_until = null,
      run_at = case when o.state = 'queued' then o.next_try_at end
  where license_id = p_license;
end
$$;
comment on function bridge.line_advance is 'Chooses the head of a license''s line; the line must be locked';
