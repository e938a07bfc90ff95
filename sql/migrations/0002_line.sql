-- SPDX-License-Identifier: Apache-2.0
-- The order of one license's work, live pairs, and what an ended order leaves behind.
-- All of these expect the license's line to be locked by the caller.

-- The reason as a person reads it.  Who is ahead in line changes with every step, so it is said when asked.
create function bridge.order_reason(o bridge.orders) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select case when o.state = 'blocked' and o.reason_code in ('line', 'released')
              then (select format('waits for order %s of the same license', l.head_order)
                    from bridge.line l where l.license_id = o.license_id)
              else o.reason end
$$;

-- Takes the pair for a license if it is free and nobody waits for it longer; says who holds it then.
-- Touches: pair (row locked until commit).
create function bridge.pair_claim(p_account text, p_type text, p_ip inet, p_license bigint, p_order bigint,
                                  out pair_id bigint, out holder bigint)
language plpgsql as $$
begin
  insert into bridge.pair as p (account, upstream_type, ip, license_id)
  values (p_account, p_type, p_ip, p_license)
  on conflict (account, upstream_type, ip) do update set license_id = p.license_id
  returning p.pair_id, p.license_id into pair_id, holder;
  if holder is null and not exists (select from bridge.orders o
                                    where o.waits_pair = pair_claim.pair_id and o.order_id < p_order
                                      and o.license_id <> p_license) then
    update bridge.pair p set license_id = p_license where p.pair_id = pair_claim.pair_id;
    holder := p_license;
  end if;
end
$$;
comment on function bridge.pair_claim is 'Takes a free live pair for a license; holder tells who has it (null: free, but others wait longer)';

-- Which pair an order needs to hold (create, change of address or product), if any.
create function bridge.order_target(o bridge.orders, out target_type text, out target_ip inet)
language sql immutable as $$
  select case when o.type = 'license.change_product' then o.new_upstream_type else o.upstream_type end,
         case when o.provider <> '724license' then null
              when o.type = 'license.change_ip' then o.new_ip
              when o.type in ('license.create', 'license.change_product') then o.ip end
$$;

-- Another license that stands in an order's way, claiming the order's target pair on the way: the pair to wait
-- for and its holder (holder null: free, but promised to an earlier waiter).  pair_id null: nothing in the way.
-- Touches: pair.
create function bridge.order_obstacle(o bridge.orders, out pair_id bigint, out holder bigint)
language plpgsql as $$
declare
  target record;
  claim record;
begin
  if o.provider <> '724license' or o.ip is null or (o.state = 'held' and o.reason_code = 'operator_hold') then
    return; -- what a person holds stays held, whoever has its pair
  end if;
  select p.pair_id, p.license_id into pair_id, holder from bridge.pair p
  where p.account = o.account and p.upstream_type = o.upstream_type and p.ip = o.ip
    and p.license_id is not null and p.license_id <> o.license_id
  for update;
  if pair_id is not null then
    return;
  end if;
  target := bridge.order_target(o);
  if target.target_ip is not null then
    claim := bridge.pair_claim(o.account, target.target_type, target.target_ip, o.license_id, o.order_id);
    if claim.holder is distinct from o.license_id then
      pair_id := claim.pair_id;
      holder := claim.holder;
    end if;
  end if;
end
$$;

create function bridge.pair_sentence(p_pair bigint) returns text language sql stable as $$
  select format('%s on %s belongs to service %s of %s; waits until it lets go', p.upstream_type, host(p.ip),
                coalesce(l.service_id, '(promised to an earlier order)'), coalesce(l.source, 'the queue'))
  from bridge.pair p left join bridge.license l using (license_id)
  where p.pair_id = p_pair
$$;

-- Lets a pair go.  Those who wait for it are woken by bridge.pairs_wake, in a transaction of their own, so that
-- no transaction ever holds a pair while it waits for a line.  Touches: pair.
create function bridge.pair_release(p_account text, p_type text, p_ip inet, p_license bigint)
returns void language sql as $$
  update bridge.pair set license_id = null
  where account = p_account and upstream_type = p_type and ip = p_ip and license_id = p_license
$$;

-- Lets a pair go whose license has moved on upstream.  Whatever we terminated there before went with it: a new create
-- finds nothing that could be taken up again.  Touches: pair.
create function bridge.pair_leave(p_account text, p_type text, p_ip inet, p_license bigint)
returns void language sql as $$
  update bridge.pair set license_id = null, terminated_at = null
  where account = p_account and upstream_type = p_type and ip = p_ip and license_id = p_license
$$;

-- Whether carrying the order out changes what the customer has, so that its loss leaves a doubt.
create function bridge.order_changes(o bridge.orders) returns boolean language sql immutable as $$
  select o.type <> 'license.verify' and not (o.provider = 'lisanszone' and o.type = 'license.renew')
$$;

-- Ends the orders behind a create that did not happen: they cannot be carried out any more.  Their keys are free:
-- not one of them was ever sent.  Touches: orders, line.
create function bridge.line_fail_successors(o bridge.orders) returns void language plpgsql as $$
declare
  in_line int;
begin
  select count(*) filter (where not s.parked) into in_line from bridge.orders s
  where s.license_id = o.license_id and s.state in ('queued', 'blocked', 'held') and s.attempts = 0
    and (s.order_sequence, s.position) > (o.order_sequence, o.position);
  update bridge.orders s
  set state = 'failed', reason_code = 'create_failed', parked = false, waits_pair = null, next_try_at = null,
      reason = format('the create of this license (order %s) ended %s: %s', o.order_id, o.state, o.reason),
      key_free = true, finished_at = now(), updated_at = now()
  where s.license_id = o.license_id and s.state in ('queued', 'blocked', 'held') and s.attempts = 0
    and (s.order_sequence, s.position) > (o.order_sequence, o.position);
  update bridge.line set pending = greatest(pending - in_line, 0) where license_id = o.license_id;
end
$$;

-- The license's address of now, with its history and the pair that it owns.  Touches: license_ip, pair.
create function bridge.license_ip_set(o bridge.orders, p_type text, p_ip inet) returns void language sql as $$
  update bridge.license_ip set until = now() where license_id = o.license_id and until is null and ip <> p_ip;
  insert into bridge.license_ip (license_id, ip, order_id)
  select o.license_id, p_ip, o.order_id
  where not exists (select from bridge.license_ip i where i.license_id = o.license_id and i.until is null);
  update bridge.pair set owned_at = now()
  where license_id = o.license_id and account = o.account and upstream_type = p_type and ip = p_ip;
$$;

-- Touches: license, license_ip, pair.
create function bridge.license_terminated(o bridge.orders) returns void language plpgsql as $$
declare
  again boolean; -- a create of the same service waits behind: what it claimed stays claimed
begin
  again := exists (select from bridge.orders c where c.license_id = o.license_id and c.type = 'license.create'
                   and c.state not in ('succeeded', 'failed', 'cancelled'));
  update bridge.license
  set status = case when again then 'pending' else 'terminated' end::bridge.license_status, terminated_at = now(),
      updated_at = now()
  where license_id = o.license_id;
  update bridge.license_ip set until = now() where license_id = o.license_id and until is null;
  update bridge.pair p
  set terminated_at = case when p.owned_at is not null then now() else p.terminated_at end,
      license_id = case when exists (
        select from bridge.orders c where c.license_id = o.license_id and c.type = 'license.create'
          and c.state not in ('succeeded', 'failed', 'cancelled') and c.account = p.account
          and c.upstream_type = p.upstream_type and c.ip = p.ip) then p.license_id end
  where p.license_id = o.license_id;
end
$$;

-- What a done order changes.  Touches: license and what belongs to it, pair, line.
create function bridge.order_succeeded(o bridge.orders) returns void language plpgsql as $$
begin
  case o.type
  when 'license.create' then
    update bridge.license
    set status = 'active', ip = o.ip, license_key = o.license_key, upstream_license_id = o.upstream_license_id,
        period_end = o.period_end, bought_at = now(), terminated_at = null, product_code = o.product_code,
        upstream_type = o.upstream_type, updated_at = now()
    where license_id = o.license_id;
    if o.ip is not null then
      perform bridge.license_ip_set(o, o.upstream_type, o.ip);
    end if;
  when 'license.renew' then
    update bridge.license set period_end = coalesce(o.period_end, period_end), updated_at = now()
    where license_id = o.license_id;
  when 'license.suspend' then
    update bridge.license set status = 'suspended', updated_at = now()
    where license_id = o.license_id and status = 'active';
  when 'license.unsuspend' then
    update bridge.license set status = 'active', updated_at = now()
    where license_id = o.license_id and status = 'suspended';
  when 'license.terminate' then
    perform bridge.license_terminated(o);
  when 'license.change_ip' then
    update bridge.license set ip = o.new_ip, updated_at = now() where license_id = o.license_id;
    perform bridge.license_ip_set(o, o.upstream_type, o.new_ip);
    perform bridge.pair_leave(o.account, o.upstream_type, o.ip, o.license_id);
  when 'license.change_product' then
    update bridge.license set product_code = o.new_product_code, upstream_type = o.new_upstream_type,
      updated_at = now() where license_id = o.license_id;
    perform bridge.license_ip_set(o, o.new_upstream_type, o.ip);
    if o.new_upstream_type <> o.upstream_type then
      perform bridge.pair_leave(o.account, o.upstream_type, o.ip, o.license_id);
    end if;
  when 'license.verify' then
    null;
  end case;
  if o.sequence is not null then
    update bridge.line set done_sequence = greatest(done_sequence, o.sequence) where license_id = o.license_id;
  end if;
end
$$;

-- A failed or cancelled order lets go what it claimed at acceptance.  Touches: license, license_product, pair, line,
-- orders.
create function bridge.order_let_go(o bridge.orders) returns void language plpgsql as $$
declare
  l bridge.license;
  target record;
begin
  select * into l from bridge.license where license_id = o.license_id;
  if o.type = 'license.create' and l.status = 'pending' then
    update bridge.license
    set status = case when terminated_at is null then 'unknown' else 'terminated' end::bridge.license_status,
        updated_at = now()
    where license_id = o.license_id;
    -- It has nothing upstream: what its successors claimed goes with them.
    update bridge.pair set license_id = null where license_id = o.license_id;
    perform bridge.line_fail_successors(o);
  elsif o.type in ('license.change_ip', 'license.change_product') then
    target := bridge.order_target(o);
    delete from bridge.license_product p
    where o.type = 'license.change_product' and p.license_id = l.license_id
      and p.product_code = o.new_product_code and p.product_code <> l.product_code;
    if target.target_ip is not null
       and (target.target_type, target.target_ip) is distinct from (l.upstream_type, l.ip) then
      perform bridge.pair_release(o.account, target.target_type, target.target_ip, l.license_id);
    end if;
  end if;
end
$$;

-- What an ended order changes in the license, its pairs and its successors.
create function bridge.order_ended(o bridge.orders) returns void language plpgsql as $$
begin
  perform from bridge.license where license_id = o.license_id for no key update;
  if o.state = 'succeeded' then
    perform bridge.order_succeeded(o);
  else
    perform bridge.order_let_go(o);
  end if;
end
$$;

-- Ends an order that was not called (superseded, barred, cancelled): its line is not advanced.  Touches: orders,
-- line and what order_ended touches.
create function bridge.order_end_uncalled(p_order bigint, p_state bridge.order_state, p_code text, p_reason text)
returns void language plpgsql as $$
declare
  o bridge.orders;
begin
  update bridge.orders
  set state = p_state, reason_code = p_code, reason = p_reason, parked = false, waits_pair = null, next_try_at = null,
      key_free = (p_state = 'failed' and attempts = 0), finished_at = now(), updated_at = now()
  where order_id = p_order returning * into o;
  update bridge.line set pending = greatest(pending - 1, 0) where license_id = o.license_id;
  perform bridge.order_ended(o);
end
$$;

-- Why an order that has come to the head of its line must not be carried out any more: the state it ends in, the code
-- and the sentence; state null: it may.
create function bridge.order_bar(o bridge.orders, p_done_sequence bigint, out state bridge.order_state, out code text,
                                 out sentence text)
language plpgsql stable as $$
declare
  l bridge.license;
  status bridge.license_status;
begin
  select * into l from bridge.license lic where lic.license_id = o.license_id;
  status := l.status;
  if o.type in ('license.suspend', 'license.unsuspend') and o.sequence < p_done_sequence then
    state := 'cancelled';
    code := 'superseded';
    sentence := format('superseded: sequence %s was carried out already', p_done_sequence);
  elsif o.provider = '724license' and status = 'terminated'
        and o.type in ('license.renew', 'license.unsuspend', 'license.change_ip', 'license.change_product') then
    state := 'failed';
    code := 'terminated';
    sentence := 'the license was terminated before';
  elsif o.provider = '724license' and status in ('active', 'suspended') and o.type = 'license.create' then
    state := 'failed';
    code := 'already_live';
    sentence := 'the license lives already';
  elsif o.provider = '724license' and status in ('active', 'suspended') and l.ip is not null
        and (o.upstream_type, o.ip) is distinct from (l.upstream_type, l.ip) then
    state := 'failed';
    code := 'elsewhere';
    sentence := format('the license is %s on %s, not %s on %s', l.upstream_type, host(l.ip), o.upstream_type, host(o.ip));
  end if;
end
$$;

-- Whether the license that holds the pair waits, over however many others, for this one: then nobody would ever go on.
create function bridge.order_cycle(p_license bigint, p_holder bigint) returns boolean language plpgsql stable as $$
declare
  at bigint := p_holder;
begin
  for step in 1 .. 20 loop
    select p.license_id into at from bridge.line l
    join bridge.orders o on o.order_id = l.head_order and o.state = 'blocked'
    join bridge.pair p on p.pair_id = o.waits_pair
    where l.license_id = at;
    if at is null or at = p_license then
      return at is not null;
    end if;
  end loop;
  return false;
end
$$;

-- Puts the license's next order at the head of its line and says in what state it waits.  Orders that have begun
-- stay at the head; the others go by sequence, then arrival.  Touches: line, orders, pair, license, account.
create function bridge.line_advance(p_license bigint) returns void language plpgsql as $$
declare
  l bridge.line;
  o bridge.orders;
  bar record;
  obstacle record;
  pause text;
begin
  loop
    select * into l from bridge.line where license_id = p_license;
    select * into o from bridge.orders
    where license_id = p_license and state not in ('succeeded', 'failed', 'cancelled') and not parked
    order by (state in ('calling', 'in_doubt', 'needs_review') or attempts > 0) desc, order_sequence, position
    limit 1;
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
  set account = o.account, head_order = o.order_id, head_paid = o.paid, lease_owner = null, lease_until = null,
      run_at = case when o.state = 'queued' then o.next_try_at end
  where license_id = p_license;
end
$$;
comment on function bridge.line_advance is 'Chooses the head of a license''s line; the line must be locked';
