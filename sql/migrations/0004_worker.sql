-- SPDX-License-Identifier: Apache-2.0
-- What a worker may call.  Every function is one short transaction; no network call happens inside one.

-- All that a worker needs to know of an order that it is to carry out.  target_fresh: no license of ours was ever on
-- the pair that a change_ip moves to, so what is found there is what was moved.  learned: what the paid call cost when
-- it was made before, at the catalogue's price of now.  recycle: a create on a pair that we
-- terminated, where the product is to be taken up again by unsuspend and renew.
create type bridge.work as (
  license_id bigint, epoch bigint, order_id bigint, attempt int, type text, paid boolean, provider text, account text,
  source text, service_id text, product_code text, new_product_code text, upstream_type text, new_upstream_type text, recycle boolean, ip text,
  new_ip text, billing_months int, period_end text, license_key text, customer_email text, domain text, hwid text,
  machine_name text, os_info text, verification_type text, cause text, max_credits text, doubted boolean,
  license_status text, target_fresh boolean, learned text);

create function bridge.order_action(o bridge.orders) returns text language sql immutable as $$
  select case o.type when 'license.create' then 'create' when 'license.renew' then 'renew'
                     when 'license.change_product' then 'change-core' end
$$;

-- What a whole call was seen to cost while the catalogue's price of a month was p_month; null: not learned yet.
create function bridge.price_learned(o bridge.orders, p_month numeric) returns numeric language sql stable as $$
  select p.price from bridge.product_price p
  where p.account = o.account and p.upstream_type = o.upstream_type and p.new_type = coalesce(o.new_upstream_type, '')
    and p.billing_months = coalesce(o.billing_months, 0) and p.month_price = p_month
    and p.action = bridge.order_action(o)
$$;

create function bridge.work_of(o bridge.orders, p_epoch bigint) returns bridge.work language sql stable as $$
  select row(o.license_id, p_epoch, o.order_id, o.attempts, o.type::text, o.paid, o.provider, o.account, o.source,
             o.service_id, o.product_code, o.new_product_code, o.upstream_type, o.new_upstream_type,
             o.type = 'license.create' and o.recycled = 'renew' and exists (
               select from bridge.pair p where p.account = o.account and p.upstream_type = o.upstream_type
                 and p.ip = o.ip and p.terminated_at is not null),
             host(o.ip), host(o.new_ip),
             o.billing_months, o.period_end::text, o.license_key, o.customer_email, o.domain, o.hwid, o.machine_name,
             o.os_info, o.verification_type, o.cause, o.max_credits::text, o.doubted, l.status::text,
             not exists (select from bridge.pair p where p.account = o.account and p.upstream_type = o.upstream_type
                           and p.ip = o.new_ip and (p.owned_at is not null or p.terminated_at is not null)),
             case when o.paid then (
               select bridge.price_learned(o, c.price)::text from bridge.product c
               where c.account = o.account and c.upstream_type = coalesce(o.new_upstream_type, o.upstream_type)) end
            )::bridge.work
  from bridge.license l where l.license_id = o.license_id
$$;

-- Leases up to p_limit lines whose head is repeatable, moves the heads to calling and writes their attempts: the
-- intent, committed before any connection is opened.  Touches: line, orders, attempt.
create function bridge.work_claim(p_worker text, p_accounts text[], p_limit int, p_lease_ms bigint)
returns setof bridge.work language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  heads bigint[];
  epochs bigint[];
begin
  with ripe as materialized (
    select l.license_id from bridge.line l
    where l.account = any (p_accounts) and not l.head_paid and l.run_at <= now() and l.lease_owner is null
      and not exists (select from bridge.account a where a.account = l.account and a.paused)
    order by l.run_at limit p_limit
    for update of l skip locked
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
  with begun as (
    update bridge.orders o
    set state = 'calling', attempts = o.attempts + 1, reason_code = 'calling', reason = null, next_try_at = null,
        updated_at = now()
    from unnest(heads, epochs) as leased(head_order, lease_epoch)
    where o.order_id = leased.head_order and o.state = 'queued'
    returning o, leased.lease_epoch
  ), kept as (
    insert into bridge.attempt (order_id, attempt, account, call, worker, epoch)
    select (b.o).order_id, (b.o).attempts, (b.o).account, (b.o).type::text, p_worker, b.lease_epoch from begun b
  )
  select w.* from begun b, lateral bridge.work_of(b.o, b.lease_epoch) w;
end
$$;

-- The fence: asked at the last moment before the first byte of a paid call.  True: it is still this attempt's turn,
-- the lease outlives the call, and from now on the call counts as sent.  Touches: orders.
create function bridge.work_fence(p_order bigint, p_attempt int, p_epoch bigint, p_timeout_ms bigint)
returns boolean language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  update bridge.orders o
  set sent_attempt = p_attempt, deadline = clock_timestamp() + p_timeout_ms * interval '1 ms'
  where o.order_id = p_order and o.state = 'calling' and o.attempts = p_attempt and o.sent_attempt < p_attempt
    and not exists (select from bridge.account a where a.account = o.account and a.paused)
    and exists (select from bridge.line l
                where l.license_id = o.license_id and l.head_order = p_order and l.lease_epoch = p_epoch
                  and l.lease_until > clock_timestamp() + p_timeout_ms * interval '1 ms');
  return found;
end
$$;

-- A paid order is about to move to p_to: the account's version rises; a doubt closes admission and narrows the
-- window; a confirmed purchase counts into its window unless that was settled without it.  Touches: account,
-- spending_window.
create function bridge.account_touched(o bridge.orders, p_to bridge.order_state) returns void language plpgsql as $$
begin
  if not o.paid then
    return;
  end if;
  update bridge.account
  set version = version + 1, width = case when p_to = 'in_doubt' then 1 else width end,
      window_state = case when p_to = 'in_doubt' and window_state = 'open' then 'drain' else window_state end
  where account = o.account;
  update bridge.spending_window
  set state = case when p_to = 'in_doubt' and state = 'open' then 'drain' else state end,
      confirmed = confirmed + case when p_to = 'succeeded' and o.state in ('calling', 'in_doubt') then o.price else 0 end
  where window_id = o.window_id and state <> 'shut';
end
$$;

-- Ends an order with its consequences and brings the next of its line forward.  The line is locked.  Touches: orders,
-- ledger and what order_ended and line_advance touch.
create function bridge.order_end(p_order bigint, p_state bridge.order_state, p_code text, p_reason text,
                                 p_credits numeric, p_upstream_id text, p_key_free boolean)
returns void language plpgsql as $$
declare
  o bridge.orders;
begin
  update bridge.orders
  set state = p_state, reason_code = p_code, reason = p_reason, next_try_at = null, finished_at = now(),
      unsettled = false, credits = p_credits, upstream_license_id = coalesce(p_upstream_id, upstream_license_id), updated_at = now(),
      key_free = (p_state = 'failed' and p_key_free and not doubted)
  where order_id = p_order returning * into o;
  if p_state = 'succeeded' and o.paid then
    insert into bridge.ledger (account, kind, order_id, amount)
    values (o.account, 'purchase', o.order_id, p_credits);
  end if;
  update bridge.line set pending = greatest(pending - 1, 0) where license_id = o.license_id;
  perform bridge.order_ended(o);
  perform bridge.line_advance(o.license_id);
end
$$;

-- What an attempt ended in.  Counts while the attempt holds its lease; a late answer that proves the purchase counts
-- too while the same attempt lies in doubt or in review.  Says whether it was applied.
-- Touches: line, attempt, orders, account and what order_end touches.
create function bridge.work_outcome(
  p_order bigint, p_attempt int, p_epoch bigint, p_to bridge.order_state, p_code text, p_reason text, p_wait_ms bigint,
  p_settle_ms bigint, p_doubted boolean, p_key_free boolean, p_sent boolean, p_verdict bridge.verdict, p_status int,
  p_curl int, p_elapsed_ms int, p_request text, p_answer bytea, p_upstream_id text, p_pause boolean,
  p_expires_ms bigint)
returns boolean language plpgsql as $$
declare
  o bridge.orders;
  l bridge.line;
  late boolean;
begin
  select ln.* into l from bridge.line ln
  where ln.license_id = (select license_id from bridge.orders where order_id = p_order) for update;
  select * into o from bridge.orders where order_id = p_order for update;
  if o.order_id is null or o.attempts <> p_attempt then
    return false;
  end if;
  update bridge.attempt
  set finished_at = now(), sent = p_sent, verdict = p_verdict, reason_code = p_code, reason = p_reason,
      http_status = p_status, curl_code = p_curl, elapsed_ms = p_elapsed_ms, request = p_request, answer = p_answer
  where order_id = p_order and attempt = p_attempt;
  late := o.state in ('in_doubt', 'needs_review') and o.doubted and p_verdict = 'done' and p_to = 'succeeded';
  if not late and not (o.state = 'calling' and l.head_order = p_order and l.lease_epoch = p_epoch) then
    return false;
  end if;
  if p_pause then
    perform bridge.account_pause(o.account, p_reason);
  end if;
  if p_expires_ms is not null then
    update bridge.license set expires_at = to_timestamp(p_expires_ms / 1000.0), updated_at = now()
    where license_id = o.license_id;
  end if;
  perform bridge.account_touched(o, p_to);
  update bridge.line
  set lease_owner = null, lease_until = null, run_at = null,
      settle_until = case when p_settle_ms > 0 then now() + p_settle_ms * interval '1 ms' else settle_until end
  where license_id = o.license_id;
  if p_to in ('succeeded', 'failed') then
    perform bridge.order_end(p_order, p_to, p_code, p_reason, case when p_to = 'succeeded' then o.price end,
                             p_upstream_id, p_key_free);
    return true;
  end if;
  update bridge.orders
  set state = p_to, reason_code = p_code, reason = p_reason, doubted = doubted or p_doubted,
      next_try_at = case when p_to = 'queued' or (p_to = 'held' and p_wait_ms > 0)
                         then now() + p_wait_ms * interval '1 ms' end,
      updated_at = now()
  where order_id = p_order returning * into o;
  if p_to = 'queued' then
    update bridge.line set run_at = o.next_try_at where license_id = o.license_id;
  end if;
  return true;
end
$$;

-- Outcomes in bulk.  Lines and accounts are locked first, in the order in which everybody locks them.
create function bridge.work_outcomes(bigint[], bigint[], bigint[], text[], text[], text[], bigint[], bigint[], boolean[],
                                     boolean[], boolean[], text[], bigint[], bigint[], bigint[], text[], bytea[], text[],
                                     boolean[], bigint[])
returns table (order_id bigint, applied boolean, state text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  r record;
begin
  perform from bridge.line l
  where l.license_id in (select o.license_id from bridge.orders o where o.order_id = any ($1))
  order by l.license_id for update;
  perform from bridge.account a
  where a.account in (select o.account from bridge.orders o where o.order_id = any ($1) and o.paid)
  order by a.account for no key update;
  for r in
    select u.* from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
                         $20)
      as u(id, attempt, epoch, target, code, reason, wait_ms, settle_ms, doubted, key_free, sent, verdict, status, curl,
           elapsed_ms, request, answer, upstream_id, pause, expires_ms)
    join bridge.orders o on o.order_id = u.id
    order by o.license_id
  loop
    order_id := r.id;
    applied := bridge.work_outcome(r.id, r.attempt::int, r.epoch, r.target::bridge.order_state, r.code, r.reason,
                                   r.wait_ms, r.settle_ms, r.doubted, r.key_free, r.sent, r.verdict::bridge.verdict,
                                   r.status::int, r.curl::int, r.elapsed_ms::int, r.request, r.answer, r.upstream_id,
                                   r.pause, r.expires_ms);
    select o.state::text into state from bridge.orders o where o.order_id = r.id;
    return next;
  end loop;
end
$$;

-- Gives a leased but not begun paid order back: held (price, credits) or queued for later.  Touches: line, orders, account.
create function bridge.work_return(p_order bigint, p_epoch bigint, p_to bridge.order_state, p_code text, p_reason text,
                                   p_wait_ms bigint, p_price numeric)
returns boolean language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  l bridge.line;
begin
  select ln.* into l from bridge.line ln
  where ln.license_id = (select license_id from bridge.orders where order_id = p_order) for update;
  -- An order that has begun after all (its answer was lost) keeps its lease, so that it is taken over.
  if l.head_order is distinct from p_order or l.lease_epoch <> p_epoch or l.lease_owner is null
     or not exists (select from bridge.orders where order_id = p_order and state = 'queued') then
    return false;
  end if;
  update bridge.line
  set lease_owner = null, lease_until = null,
      run_at = case when p_to = 'queued' then now() + p_wait_ms * interval '1 ms' end
  where license_id = l.license_id;
  update bridge.orders
  set state = p_to, reason_code = p_code, reason = p_reason, price = coalesce(p_price, price), updated_at = now(),
      next_try_at = case when p_wait_ms is not null then now() + p_wait_ms * interval '1 ms' end
  where order_id = p_order;
  return true;
end
$$;

-- Takes over what dead workers held: up to p_limit lines whose lease has run out.
-- A paid call that passed the fence may have bought: doubt.  One that did not was not sent: back into the queue.
-- A repeatable call is simply made again.  Touches: line, orders, attempt, account.
create function bridge.work_takeover(p_limit int, p_accounts text[], p_quiet_ms bigint[])
returns table (order_id bigint, from_worker text, state text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  l bridge.line;
  o bridge.orders;
  target bridge.order_state;
  sentence text;
begin
  for l in
    select * from bridge.line ln where ln.lease_owner is not null and ln.run_at <= now() and ln.lease_until <= now()
    order by ln.account, ln.run_at limit p_limit for update skip locked
  loop
    select * into o from bridge.orders ord where ord.order_id = l.head_order for update;
    update bridge.line
    set lease_owner = null, lease_until = null, lease_epoch = lease_epoch + 1, run_at = null,
        settle_until = case when o.state = 'calling' and bridge.order_changes(o)
                             and not (o.paid and o.sent_attempt < o.attempts)
          then now() + coalesce((select u.quiet from unnest(p_accounts, p_quiet_ms) as u(account, quiet)
                                 where u.account = o.account), 0) * interval '1 ms'
          else greatest(settle_until, probe_until) end,
        probe_until = null
    where license_id = l.license_id;
    if o.state = 'calling' then
      target := case when o.paid and o.sent_attempt = o.attempts then 'in_doubt' else 'queued' end;
      sentence := case when target = 'in_doubt'
                         then 'the worker was lost after the paid call had been sent: it may have bought'
                       when o.paid then 'the worker was lost before the paid call was sent: nothing was bought'
                       else 'the worker was lost during a call that may be repeated' end;
      update bridge.attempt a
      set finished_at = now(), sent = case when o.paid then o.sent_attempt = o.attempts end,
          verdict = case when o.paid and target = 'queued' then 'later' else 'unsure' end::bridge.verdict,
          reason_code = 'worker_lost', reason = sentence
      where a.order_id = o.order_id and a.attempt = o.attempts and a.finished_at is null;
      update bridge.orders ord
      set state = target, reason_code = 'worker_lost', reason = sentence, updated_at = now(), next_try_at =
            case when target = 'queued' then now() end,
          doubted = doubted or target = 'in_doubt' or (not o.paid and bridge.order_changes(o))
      where ord.order_id = o.order_id;
      perform bridge.account_touched(o, target);
    end if;
    if target = 'queued' or o.state = 'queued' then
      update bridge.line set run_at = now() where license_id = l.license_id;
    end if;
    order_id := o.order_id;
    from_worker := l.lease_owner;
    state := coalesce(target, o.state)::text;
    return next;
    target := null;
  end loop;
end
$$;

-- Brings orders forward whose pair has been let go.  Locks each line before the pair.  Says how many were looked at.
create function bridge.pairs_wake() returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  w record;
  obstacle record;
  o bridge.orders;
  woken int := 0;
begin
  for w in
    select o2.order_id, o2.license_id from bridge.orders o2 join bridge.pair p on p.pair_id = o2.waits_pair
    where p.license_id is null or p.license_id = o2.license_id
    order by o2.order_id limit 200
  loop
    perform from bridge.line where license_id = w.license_id for update skip locked;
    continue when not found;
    select * into o from bridge.orders where order_id = w.order_id and waits_pair is not null and state = 'blocked';
    continue when not found;
    perform from bridge.pair where pair_id = o.waits_pair for update skip locked;
    continue when not found; -- the front door is at it, perhaps waiting for another pair that we hold
    obstacle := bridge.order_obstacle(o);
    if obstacle.pair_id is null then
      update bridge.orders set waits_pair = null, updated_at = now() where order_id = w.order_id;
      perform bridge.line_advance(w.license_id);
      woken := woken + 1;
    elsif obstacle.pair_id <> o.waits_pair then
      update bridge.orders
      set waits_pair = obstacle.pair_id, reason = bridge.pair_sentence(obstacle.pair_id), updated_at = now()
      where order_id = w.order_id;
    end if;
  end loop;
  return woken;
end
$$;

-- Nothing is called on a paused account; what waits says so.
create function bridge.account_pause(p_account text, p_reason text) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  update bridge.account set paused = true, pause_reason = p_reason, version = version + 1
  where account = p_account and not paused
$$;

-- Shows the pause on the orders that it stops, and lets those go whose account goes on but which were locked, or on
-- their way into the hold, when it was resumed.  Says how many were moved.
create function bridge.account_sweep() returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  w record;
  swept int := 0;
begin
  for w in
    select l.license_id, l.head_order, a.pause_reason
    from bridge.account a join bridge.line l on l.account = a.account
    where a.paused and l.run_at is not null and l.lease_owner is null
    order by l.license_id limit 1000 for update of l skip locked
  loop
    update bridge.orders
    set state = 'held', reason_code = 'account_paused', reason = 'the account is paused: ' || w.pause_reason,
        next_try_at = null, updated_at = now()
    where order_id = w.head_order and state = 'queued';
    update bridge.line set run_at = null where license_id = w.license_id;
    swept := swept + 1;
  end loop;
  for w in
    select a.account from bridge.account a
    where not a.paused and exists (select from bridge.orders o where o.account = a.account and o.state = 'held'
                                   and o.reason_code in ('account_paused', 'account_denied'))
  loop
    swept := swept + bridge.holds_release(w.account, array['account_paused', 'account_denied'], null);
  end loop;
  return swept;
end
$$;

-- Puts the held heads of an account that wait for p_codes back into the queue; with a balance only those it pays for.
create function bridge.holds_release(p_account text, p_codes text[], p_balance numeric) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  w record;
  released int := 0;
begin
  for w in
    select o.order_id, o.license_id from bridge.orders o
    where o.account = p_account and o.state = 'held' and not o.parked and o.reason_code = any (p_codes)
      and (p_balance is null or o.price is null or o.price <= p_balance)
    order by o.order_id limit 1000
  loop
    perform from bridge.line where license_id = w.license_id for update skip locked;
    continue when not found;
    update bridge.orders
    set state = 'blocked', reason_code = 'released', reason = null, updated_at = now(), next_try_at = null
    where order_id = w.order_id and state = 'held' and reason_code = any (p_codes);
    continue when not found;
    perform bridge.line_advance(w.license_id);
    released := released + 1;
  end loop;
  return released;
end
$$;

-- Accounts with orders that wait for credits.
create function bridge.accounts_short() returns table (account text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select distinct o.account from bridge.orders o join bridge.account a using (account)
  where not a.paused and o.state = 'held' and not o.parked and o.reason_code in ('short_of_credits', 'balance_unreadable')
$$;

create function bridge.balance_store(p_account text, p_balance numeric, p_sandbox boolean) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  update bridge.account set balance = p_balance, balance_at = now(), sandbox = p_sandbox
  where account = p_account and (balance is distinct from p_balance or sandbox <> p_sandbox or balance_at is null
                                 or balance_at < now() - interval '1 minute');
end
$$;

create function bridge.product_store(p_account text, text[], text[], text[], boolean[]) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into bridge.product as p (account, upstream_type, name, price, visible)
  select p_account, u.t, u.n, u.p::numeric, u.v from unnest($2, $3, $4, $5) as u(t, n, p, v) order by u.t
  on conflict (account, upstream_type) do update
  set name = excluded.name, price = excluded.price, visible = excluded.visible, updated_at = now()
$$;

create function bridge.worker_seen(p_worker text, p_version text, p_running int) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into bridge.worker as w (worker, version, running) values ($1, $2, $3)
  on conflict (worker) do update set seen_at = now(), running = excluded.running, version = excluded.version
$$;

create function bridge.worker_gone(p_worker text) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  delete from bridge.worker where worker = p_worker
$$;

grant execute on function bridge.work_claim, bridge.work_fence,
  bridge.work_outcomes, bridge.work_return, bridge.work_takeover, bridge.pairs_wake, bridge.account_pause,
  bridge.account_sweep, bridge.holds_release, bridge.accounts_short, bridge.balance_store, bridge.product_store,
  bridge.worker_seen, bridge.worker_gone, bridge.price_read to bridge_worker;
