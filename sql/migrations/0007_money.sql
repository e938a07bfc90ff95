-- SPDX-License-Identifier: Apache-2.0
-- Spending windows: several paid calls in flight on one account between two readings of its balance.  The rules R1 to
-- R9 are in docs/money.md.  Lock order: lines, then the account, then orders.  Nothing here calls anybody.

create type bridge.window_look as (
  version bigint, state text, window_id bigint, tainted boolean, solo boolean, balance_open text, confirmed text,
  begun int, calling int, doubts int, ready boolean, paused boolean, alarm text, width int, age_ms bigint,
  settle_ms bigint, unread_ms bigint, solo_other text);

-- The account's window as it is: what a worker needs to know what to do next.  settle_ms: until the balance may be
-- read to settle it.
create function bridge.window_look(p_account text, p_quiet_ms bigint) returns bridge.window_look
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select row(a.version, a.window_state, a.window_id, w.tainted, w.solo, w.balance_open::text, w.confirmed::text, w.begun,
             count(o.order_id) filter (where o.state = 'calling'), count(o.order_id) filter (where o.state = 'in_doubt'),
             exists (select from bridge.line l where l.account = a.account and l.head_paid and l.run_at <= now()
                     and l.lease_owner is null),
             a.paused, a.alarm, a.width, extract(epoch from now() - w.opened_at) * 1000,
             greatest(0, extract(epoch from max(o.deadline) filter (where o.state = 'in_doubt') - now()) * 1000
                         + p_quiet_ms),
             extract(epoch from now() - a.unread_since) * 1000, s.price_other::text)::bridge.window_look
  from bridge.account a
  left join bridge.spending_window w on w.window_id = a.window_id
  left join bridge.orders o on o.account = a.account and o.paid and o.state in ('calling', 'in_doubt')
  left join lateral (select d.price_other from bridge.orders d
                     where d.window_id = w.window_id and d.state = 'succeeded' limit 1) s on w.solo and w.state <> 'shut'
  where a.account = p_account
  group by a.account, w.window_id, s.price_other
$$;

-- Locks the account if its version is still p_version.
create function bridge.account_lock(p_account text, p_version bigint) returns bridge.account
language sql as $$
  select a from bridge.account a where a.account = p_account and a.version = p_version for no key update
$$;

-- Opens a window on a quiet account whose row is locked.  Touches: account, spending_window.
create function bridge.window_open_locked(a bridge.account, p_balance numeric, p_sandbox boolean, p_width int)
returns bigint language plpgsql as $$
declare
  id bigint;
  taint boolean;
begin
  taint := p_balance is null or p_sandbox or a.alarm is not null
           or exists (select from bridge.orders o where o.account = a.account and o.unsettled);
  insert into bridge.spending_window (account, state, tainted, balance_open)
  values (a.account, 'open', taint, p_balance) returning window_id into id;
  update bridge.account
  set version = version + 1, window_state = 'open', window_id = id,
      width = case when taint then 1 else least(width, p_width) end
  where account = a.account;
  return id;
end
$$;

-- R2.  Opens a window under the version at which the balance was read; null: something has changed since.
create function bridge.window_open(p_account text, p_version bigint, p_balance numeric, p_sandbox boolean, p_width int)
returns bigint language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  a bridge.account;
begin
  a := bridge.account_lock(p_account, p_version);
  if a.account is null or a.window_state <> 'shut' or a.paused
     or exists (select from bridge.orders o where o.account = p_account and o.paid
                and o.state in ('calling', 'in_doubt')) then
    return null;
  end if;
  return bridge.window_open_locked(a, p_balance, p_sandbox, p_width);
end
$$;

-- Leases lines whose head is paid, while the account's window is open.  The orders stay queued until work_begin.
-- Touches: line.
create function bridge.work_claim_paid(p_worker text, p_account text, p_limit int, p_lease_ms bigint)
returns setof bridge.work language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  heads bigint[];
  epochs bigint[];
begin
  if not exists (select from bridge.account a where a.account = p_account and a.window_state = 'open'
                 and not a.paused) then
    return;
  end if;
  with ripe as materialized (
    select l.license_id from bridge.line l
    where l.account = p_account and l.head_paid and l.run_at <= now() and l.lease_owner is null
    order by l.run_at limit p_limit for update skip locked
  ), leased as (
    update bridge.line l
    set lease_owner = p_worker, lease_epoch = l.lease_epoch + 1,
        lease_until = now() + p_lease_ms * interval '1 ms', run_at = now() + p_lease_ms * interval '1 ms'
    from ripe where l.license_id = ripe.license_id
    returning l.head_order, l.lease_epoch
  )
  select array_agg(leased.head_order), array_agg(leased.lease_epoch) into heads, epochs from leased;
  -- A statement of its own: it sees the heads as they were when their lines were locked.
  return query
  select w.* from unnest(heads, epochs) as h(order_id, epoch)
  join bridge.orders o on o.order_id = h.order_id and o.state = 'queued', lateral bridge.work_of(o, h.epoch) w;
end
$$;

create type bridge.begin_result as (attempt int, code text, price text);

-- R3.  The intent of a paid call: queued to calling inside the open window, price booked, lease made long enough.
-- code 'go': attempt is its number.  Anything else: nothing may be sent; 'short' (the window's balance does not pay
-- it), 'wait' (the window is full, alone, closing or shut), 'lost' (no longer ours).
-- Touches: line, account, spending_window, orders, attempt.
create function bridge.work_begin(p_worker text, p_order bigint, p_epoch bigint, p_lease_ms bigint, p_month numeric,
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
  if not odd then
    known := bridge.price_learned(o, p_month);
  end if;
  most := coalesce(known, p_month * greatest(coalesce(o.billing_months, 1), 1));
  if w.begun >= p_count or w.opened_at + p_span_ms * interval '1 ms' < now()
     or (known is null and w.begun > 0 and not w.tainted) then
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
  set state = 'calling', attempts = attempts + 1, price = most, price_other = case when known is not null then known
        when odd or o.type = 'license.change_product' then 0 -- it may turn out to be free
        else p_month end,
      month_price = p_month,
      window_id = w.window_id, reason_code = 'calling', reason = null, next_try_at = null, deadline = null,
      updated_at = now()
  where order_id = p_order returning * into o;
  update bridge.spending_window set begun = begun + 1, solo = (known is null and not tainted)
  where window_id = w.window_id;
  update bridge.account set version = version + 1 where account = a.account;
  insert into bridge.attempt (order_id, attempt, account, call, worker, epoch, price, balance_before, window_id)
  values (o.order_id, o.attempts, o.account, o.type::text, p_worker, p_epoch, most, w.balance_open, w.window_id);
  return row(o.attempts, 'go'::text, most::text);
end
$$;

-- R9.  Closes admission; the window is settled when its calls have ended.
create function bridge.window_close(p_account text, p_window bigint) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  update bridge.account set window_state = 'drain', version = version + 1
  where account = p_account and window_id = p_window and window_state = 'open';
  if found then
    update bridge.spending_window set state = 'drain' where window_id = p_window;
  end if;
  return found;
end
$$;

-- The doubts of a draining window, under the version at which they are seen.  probe: the harmless existence probe may
-- be asked, because the pair was never owned, adopted or terminated by us.
create function bridge.window_doubts(p_account text)
returns table (version bigint, order_id bigint, attempt int, price text, price_other text, probe boolean,
               upstream_type text, ip text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select a.version, o.order_id, o.attempts, o.price::text, o.price_other::text,
         o.type = 'license.create' and not exists (
           select from bridge.pair p where p.account = o.account and p.upstream_type = o.upstream_type and p.ip = o.ip
             and (p.owned_at is not null or p.terminated_at is not null)),
         o.upstream_type, host(o.ip)
  from bridge.account a
  join bridge.orders o on o.account = a.account and o.paid and o.state = 'in_doubt'
  where a.account = p_account
  order by o.order_id
$$;

-- R7.  The probe is about to be asked, by one worker alone: it leases the line.  The probe is a state call, so until
-- it can no longer act the license's next order waits.  False: another worker is at it.  Touches: line.
create function bridge.probe_begin(p_worker text, p_order bigint, p_lease_ms bigint, p_late_ms bigint) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  l bridge.line;
begin
  select ln.* into l from bridge.line ln
  where ln.license_id = (select license_id from bridge.orders where order_id = p_order) for update;
  -- A statement of its own, so that it sees what whoever held the line before has done.
  if l.lease_owner is not null
     or not exists (select from bridge.orders where order_id = p_order and state = 'in_doubt') then
    return false;
  end if;
  update bridge.line
  set lease_owner = p_worker, lease_epoch = lease_epoch + 1, lease_until = now() + p_lease_ms * interval '1 ms',
      run_at = now() + p_lease_ms * interval '1 ms', probe_until = now() + p_late_ms * interval '1 ms'
  where license_id = l.license_id;
  return true;
end
$$;

-- R7.  The probe has ended.  p_certain: it was answered, so that nothing of it can come late.  If the order was
-- settled meanwhile, its line goes on.  Touches: line.
create function bridge.probe_end(p_worker text, p_order bigint, p_certain boolean) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  l bridge.line;
begin
  select ln.* into l from bridge.line ln
  where ln.license_id = (select license_id from bridge.orders where order_id = p_order) for update;
  update bridge.line ln
  set lease_owner = null, lease_until = null,
      -- An earlier probe that was lost may still act, whatever this one was answered.
      settle_until = case when p_certain then ln.settle_until else greatest(ln.settle_until, ln.probe_until) end,
      probe_until = null,
      run_at = case when exists (select from bridge.orders o where o.order_id = ln.head_order and o.state = 'queued')
                    then greatest(now(), ln.settle_until, case when not p_certain then ln.probe_until end) end
  where ln.license_id = l.license_id and ln.lease_owner = p_worker;
end
$$;

-- R7.  The probe found what a doubtful create was to buy: it was carried out, even where nothing can be concluded from
-- the balance.  Touches: line, account, and what order_end touches.
create function bridge.window_probed(p_order bigint, p_attempt int) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  o bridge.orders;
begin
  perform from bridge.line l
  where l.license_id = (select license_id from bridge.orders where order_id = p_order) for update;
  perform from bridge.account a where a.account = (select account from bridge.orders where order_id = p_order)
  for no key update;
  select * into o from bridge.orders where order_id = p_order and attempts = p_attempt and type = 'license.create'
    and (state = 'in_doubt' or (state = 'needs_review' and unsettled)) for update;
  if not found then
    return false;
  end if;
  perform bridge.account_touched(o, 'succeeded');
  perform bridge.order_end(p_order, 'succeeded', 'probe', 'the answer was lost, but the license is there: it was bought',
                           o.price, null, false);
  return true;
end
$$;

-- What became of one doubt.  Touches: what order_end touches.
create function bridge.doubt_end(o bridge.orders, p_fate text, p_cost numeric, p_evidence boolean, p_sentence text)
returns void language plpgsql as $$
begin
  if p_fate = 'done' then
    perform bridge.order_end(o.order_id, 'succeeded', 'balance', 'the answer was lost, but the balance shows the purchase',
                             coalesce(p_cost, o.price), null, false);
  elsif p_fate = 'not' and p_evidence then
    update bridge.orders
    set state = 'queued', reason_code = 'balance', reason = 'the balance shows that nothing was bought: tried again',
        doubted = false, next_try_at = now(), updated_at = now()
    where order_id = o.order_id;
    update bridge.line set run_at = now() where license_id = o.license_id;
  else
    update bridge.orders
    set state = 'needs_review', unsettled = true, updated_at = now(), next_try_at = null, doubted = true,
        reason_code = case when p_fate = 'not' then 'not_shown' else 'unsettled' end,
        reason = case when p_fate = 'not' then 'the answer was lost; the balance does not show a purchase'
                      else 'the answer was lost; ' || p_sentence end
    where order_id = o.order_id;
  end if;
end
$$;

-- R6.  Settles and shuts a draining window under the version at which the balance was read.
-- p_orders, p_fates ('done', 'not', 'unknown'), p_costs: one per doubt.  p_alarm: why nothing fits; null.
-- p_learned: what the only call of a solo window cost; null.  p_rise: what is there beyond what was expected.
-- p_next: the balance may open the next window at once.  False: something has changed since, nothing was done.
-- Touches: line, account, spending_window, product_price, ledger and what order_end touches.
create function bridge.window_settle(
  p_account text, p_version bigint, p_balance numeric, p_sandbox boolean, p_orders bigint[], p_fates text[],
  p_costs numeric[], p_evidence boolean, p_sentence text, p_alarm text, p_learned numeric, p_rise numeric,
  p_next boolean, p_width int)
returns boolean language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  a bridge.account;
  w bridge.spending_window;
  o bridge.orders;
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
  for r in select u.* from unnest(p_orders, p_fates, p_costs) as u(id, fate, cost) loop
    select * into o from bridge.orders where order_id = r.id and state = 'in_doubt' for update;
    perform bridge.doubt_end(o, r.fate, r.cost, p_evidence, p_sentence);
  end loop;
  perform bridge.window_book(a, w, p_balance, p_learned, p_rise, p_alarm);
  update bridge.spending_window set state = 'shut', balance_close = p_balance, closed_at = now()
  where window_id = w.window_id;
  update bridge.account
  set version = version + 1, window_state = 'shut', sandbox = p_sandbox,
      alarm = coalesce(alarm, p_alarm), alarm_at = case when p_alarm is null then alarm_at else coalesce(alarm_at, now()) end,
      width = case when cardinality(p_orders) > 0 or w.tainted or p_alarm is not null then 1
                   else least(width * 2, p_width) end
  where account = p_account returning * into a;
  if p_next and p_balance is not null and not a.paused then
    perform bridge.window_open_locked(a, p_balance, p_sandbox, p_width);
  end if;
  return true;
end
$$;

-- What a settled window teaches: the balance seen, a learned price, a top-up, an alarm.
-- Touches: account, ledger, product_price, orders.
create function bridge.window_book(a bridge.account, w bridge.spending_window, p_balance numeric, p_learned numeric,
                                   p_rise numeric, p_alarm text)
returns void language plpgsql as $$
declare
  o bridge.orders;
begin
  if p_balance is not null then
    insert into bridge.ledger (account, kind, balance, note)
    values (a.account, 'observed', p_balance, format('window %s settled', w.window_id));
    update bridge.account set balance = p_balance, balance_at = now(), unread_since = null where account = a.account;
  end if;
  if p_learned is not null then
    select * into o from bridge.orders where window_id = w.window_id and state = 'succeeded' order by order_id limit 1;
    if found then
      insert into bridge.product_price as p (account, action, upstream_type, new_type, billing_months, month_price, price)
      -- A create that may have found an old license teaches nothing.
      select o.account, bridge.order_action(o), o.upstream_type, coalesce(o.new_upstream_type, ''),
             coalesce(o.billing_months, 0), c.price, p_learned
      from bridge.product c
      where c.account = o.account and c.upstream_type = coalesce(o.new_upstream_type, o.upstream_type)
        and not (o.type = 'license.create' and o.price_other = 0)
      on conflict (account, action, upstream_type, new_type, billing_months) do update
      set month_price = excluded.month_price, price = excluded.price, learned_at = now();
      if o.credits is distinct from p_learned then
        insert into bridge.ledger (account, kind, amount, note)
        values (o.account, 'adjustment', p_learned - o.credits,
                format('order %s was booked at %s and cost %s', o.order_id, trim_scale(o.credits), trim_scale(p_learned)));
        update bridge.orders set credits = p_learned, price = p_learned, price_other = p_learned
        where order_id = o.order_id;
      end if;
    end if;
  end if;
  if p_rise > 0 then
    insert into bridge.ledger (account, kind, amount, note)
    values (a.account, 'topup', p_rise, format('seen when window %s was settled', w.window_id));
  end if;
  if p_alarm is not null then
    insert into bridge.operator_action (actor, action, account, reason)
    values ('license-bridge', 'account.alarm', a.account, p_alarm);
  end if;
end
$$;

-- The balance could not be read.
create function bridge.balance_unread(p_account text) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  update bridge.account set unread_since = now() where account = p_account and unread_since is null
$$;

-- R8.  A person settles what lies in review.  p_answer: 'happened', 'did_not_happen' or 'buy_again'.
-- Says 'ok', or why not: 'state', 'early' (a late effect may still come), 'not_paid'.
create function bridge.operator_resolve(p_actor text, p_order bigint, p_answer text, p_reason text, p_upstream_id text,
                                        p_quiet_ms bigint)
returns text language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  o bridge.orders;
begin
  perform from bridge.line l
  where l.license_id = (select license_id from bridge.orders where order_id = p_order) for update;
  perform from bridge.account a where a.account = (select account from bridge.orders where order_id = p_order)
  for no key update;
  select * into o from bridge.orders where order_id = p_order and state = 'needs_review' for update;
  if not found then
    return 'state';
  elsif o.deadline + p_quiet_ms * interval '1 ms' > now() then
    return 'early';
  end if;
  update bridge.account set version = version + 1 where account = o.account;
  update bridge.orders set unsettled = false where order_id = p_order;
  perform bridge.operator_note(p_actor, 'order.resolve.' || p_answer, p_order, o.account, p_reason,
    jsonb_build_object('attempt', o.attempts, 'price', o.price, 'unsettled', o.unsettled));
  if p_answer = 'happened' then
    perform bridge.order_end(p_order, 'succeeded', 'resolved', 'an operator found that it was carried out', o.price,
                             p_upstream_id, false);
  elsif p_answer = 'did_not_happen' then
    perform bridge.order_end(p_order, 'failed', 'resolved', 'an operator found that it was not carried out', null, null,
                             false);
  elsif p_answer = 'buy_again' then
    update bridge.orders
    set state = 'queued', reason_code = 'buy_again', reason = 'an operator had it tried again', doubted = false,
        next_try_at = now(), updated_at = now()
    where order_id = p_order;
    update bridge.line set run_at = now() where license_id = o.license_id;
  else
    raise exception 'no such answer: %', p_answer using errcode = 'invalid_parameter_value';
  end if;
  return 'ok';
end
$$;

-- A person has looked at an account's alarm.
create function bridge.operator_acknowledge(p_actor text, p_account text, p_reason text) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  was text;
begin
  select alarm into was from bridge.account where account = p_account and alarm is not null for no key update;
  if not found then
    return false;
  end if;
  update bridge.account set alarm = null, alarm_at = null, version = version + 1 where account = p_account;
  perform bridge.operator_note(p_actor, 'account.acknowledge', null, p_account, p_reason,
                               jsonb_build_object('alarm', was));
  return true;
end
$$;

grant execute on function bridge.window_look, bridge.window_open, bridge.work_claim_paid, bridge.work_begin,
  bridge.window_close, bridge.window_doubts, bridge.probe_begin, bridge.probe_end, bridge.window_probed, bridge.window_settle, bridge.balance_unread
  to bridge_worker;
grant execute on function bridge.operator_resolve, bridge.operator_acknowledge to bridge_operator;

-- Whether the catalogue still says what every call of a window was booked at.
create function bridge.window_prices_hold(p_window bigint) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select not exists (
    select from bridge.orders o
    left join bridge.product p on p.account = o.account and p.upstream_type = coalesce(o.new_upstream_type, o.upstream_type)
    where o.window_id = p_window and o.state in ('succeeded', 'in_doubt') and o.month_price is distinct from p.price)
$$;
grant execute on function bridge.window_prices_hold to bridge_worker;

-- What a window's confirmed calls would have cost at the prices that the catalogue has now.
create function bridge.window_expected(p_window bigint) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select trim_scale(sum(case when l.month_price > 0 then o.price * p.price / l.month_price else o.price end))::text
  from bridge.orders o
  join bridge.product p on p.account = o.account and p.upstream_type = coalesce(o.new_upstream_type, o.upstream_type)
  left join bridge.product_price l
    on l.account = o.account and l.action = bridge.order_action(o) and l.upstream_type = o.upstream_type
   and l.new_type = coalesce(o.new_upstream_type, '') and l.billing_months = coalesce(o.billing_months, 0)
  where o.window_id = p_window and o.state = 'succeeded'
$$;
grant execute on function bridge.window_expected to bridge_worker;
