-- SPDX-License-Identifier: Apache-2.0
-- What operators see and do beyond the first day: the tray, credits by hand, licenses taken over, the outlook.

create index orders_window on bridge.orders (window_id) where window_id is not null;

alter table bridge.account add column quiet interval;
comment on column bridge.account.quiet is 'How long after a call''s deadline a late effect is waited for, as last configured';

drop function bridge.account_ensure(text[], text[]);
-- Makes the accounts of a configuration known: names, providers, quiet times in ms.  Touches: account.
create function bridge.account_ensure(text[], text[], bigint[]) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into bridge.account as a (account, provider, quiet)
  select u.a, u.p, u.q * interval '1 ms' from unnest($1, $2, $3) as u(a, p, q) order by u.a
  on conflict (account) do update set quiet = excluded.quiet where a.quiet is distinct from excluded.quiet
$$;
grant execute on function bridge.account_ensure to bridge_intake, bridge_worker, bridge_operator;

comment on column bridge.ledger.amount is 'Credits that a purchase or an adjustment took, or that a top-up brought';

-- Credits moved outside, as a person says.  Nobody knows at which side of a reading: the window that is open or
-- draining concludes nothing from its balances any more.  Touches: account, spending_window, ledger.
create function bridge.operator_book(p_actor text, p_account text, p_kind text, p_amount numeric, p_reason text)
returns boolean language plpgsql as $$
declare
  running bigint;
begin
  update bridge.account set version = version + 1 where account = p_account returning window_id into running;
  if not found then
    return false;
  end if;
  update bridge.spending_window set tainted = true where window_id = running and state <> 'shut';
  insert into bridge.ledger (account, kind, amount, note)
  values (p_account, p_kind, case p_kind when 'topup' then p_amount else -p_amount end, p_reason);
  perform bridge.operator_note(p_actor, 'balance.' || p_kind, null, p_account, p_reason,
                               jsonb_build_object('amount', p_amount));
  return true;
end
$$;

create function bridge.operator_topup(p_actor text, p_account text, p_amount numeric, p_reason text) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if p_amount <= 0 then
    raise exception 'a top-up brings credits, not %', p_amount using errcode = 'invalid_parameter_value';
  end if;
  return bridge.operator_book(p_actor, p_account, 'topup', p_amount, p_reason);
end
$$;

-- p_amount: what the balance moved by, negative when it fell.
create function bridge.operator_adjust(p_actor text, p_account text, p_amount numeric, p_reason text) returns boolean
language sql security definer set search_path = pg_catalog, pg_temp as $$
  select bridge.operator_book(p_actor, p_account, 'adjustment', p_amount, p_reason)
$$;

-- Keeps an order from being begun until an operator releases it.  Touches: line, orders.
create function bridge.operator_hold(p_actor text, p_order bigint, p_reason text) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  o bridge.orders;
begin
  perform from bridge.line where license_id = (select license_id from bridge.orders where order_id = p_order) for update;
  update bridge.orders
  set state = 'held', reason_code = 'operator_hold', reason = coalesce('held by an operator: ' || p_reason, 'held by an operator'),
      waits_pair = null, next_try_at = null, updated_at = now()
  where order_id = p_order and state in ('queued', 'blocked') returning * into o;
  if not found then
    return false;
  end if;
  -- A worker that has leased it to buy will find the lease gone and send nothing.
  update bridge.line set run_at = null, lease_owner = null, lease_until = null
  where license_id = o.license_id and head_order = p_order;
  perform bridge.operator_note(p_actor, 'order.hold', p_order, o.account, p_reason);
  return true;
end
$$;

-- Makes a queued order due now.  False: it is not queued, or a worker has it already.  Touches: line, orders.
create function bridge.operator_retry(p_actor text, p_order bigint, p_reason text) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  l bridge.line;
begin
  select ln.* into l from bridge.line ln
  where ln.license_id = (select license_id from bridge.orders where order_id = p_order) and ln.head_order = p_order
    and ln.lease_owner is null for update;
  if not found or not exists (select from bridge.orders where order_id = p_order and state = 'queued') then
    return false;
  elsif l.settle_until > now() then
    raise exception 'a doubtful call of the same license may still act until %', to_char(l.settle_until, 'HH24:MI:SS TZ')
      using errcode = 'object_not_in_prerequisite_state';
  end if;
  update bridge.orders set next_try_at = now(), updated_at = now() where order_id = p_order;
  update bridge.line set run_at = now() where license_id = l.license_id;
  perform bridge.operator_note(p_actor, 'order.retry', p_order, l.account, p_reason);
  return true;
end
$$;

alter table bridge.license_ip alter column order_id drop not null;
comment on column bridge.license_ip.order_id is 'The order that brought it there; null: adopted with it';
create index license_key_known on bridge.license (account, license_key) where license_key is not null;
create index license_due on bridge.license (period_end) where status = 'active';

-- One license that exists upstream and that the bridge is to look after from now on.
create type bridge.adopt_row as (
  idx int, source text, service_id text, product_code text, provider text, account text, upstream_type text, ip inet,
  license_key text, upstream_license_id text, period_end date, status bridge.license_status);

-- In which of its columns a license that lives already differs from the row; null: in none.
create function bridge.adopt_difference(r bridge.adopt_row, l bridge.license, out field text, out problem text)
language sql immutable as $$
  select d.field, format('service %s has a %s license already, whose %s is %s', r.service_id, l.upstream_type, d.field,
                         coalesce(d.has, 'not known'))
  from (values ('product_code', l.account || ' ' || l.upstream_type, r.account || ' ' || r.upstream_type),
               ('ip', host(l.ip), host(r.ip)), ('license_key', l.license_key, r.license_key),
               ('upstream_license_id', l.upstream_license_id, r.upstream_license_id),
               ('period_end', l.period_end::text, r.period_end::text), ('status', l.status::text, r.status::text))
    as d(field, has, wanted)
  where d.has is distinct from d.wanted limit 1
$$;

-- Whether a row may be adopted: the license that the panel means already (null: none yet), whether it is all there
-- (same), and otherwise what stands against it.  The license's line is locked.
create function bridge.adopt_check(r bridge.adopt_row, out id bigint, out same boolean, out field text, out problem text)
language plpgsql as $$
declare
  l bridge.license;
begin
  same := false;
  select lic.* into l from bridge.license_product p join bridge.license lic using (license_id)
  where p.source = r.source and p.service_id = r.service_id and p.product_code = r.product_code;
  id := l.license_id;
  if l.status in ('active', 'suspended') then
    select d.field, d.problem into field, problem from bridge.adopt_difference(r, l) d;
    same := field is null;
    return;
  elsif l.status in ('pending', 'terminated') then
    field := 'service_id';
    problem := case l.status when 'pending' then 'a create of this service is on its way'
                             else 'the license of this service was terminated: a create makes it anew' end;
    return;
  end if;
  select 'ip', format('%s on %s belongs to service %s of %s', r.upstream_type, host(r.ip), h.service_id, h.source)
  into field, problem
  from bridge.pair p join bridge.license h using (license_id)
  where p.account = r.account and p.upstream_type = r.upstream_type and p.ip = r.ip
    and h.license_id is distinct from id;
  if field is null then
    select 'license_key', format('the key belongs to service %s of %s', h.service_id, h.source) into field, problem
    from bridge.license h
    where h.account = r.account and h.license_key = r.license_key and h.license_id is distinct from id
      and h.status in ('pending', 'active', 'suspended') limit 1;
  end if;
end
$$;

-- Takes one license over; p_id: the one that the panel means already.  False: another was quicker.
-- Touches: license, license_product, line, license_ip, pair.
create function bridge.adopt_one(r bridge.adopt_row, p_id bigint) returns boolean language plpgsql as $$
declare
  id bigint := p_id;
begin
  if id is null then
    insert into bridge.license (source, service_id, provider, account, product_code, upstream_type)
    values (r.source, r.service_id, r.provider, r.account, r.product_code, r.upstream_type) returning license_id into id;
    insert into bridge.license_product (source, service_id, product_code, license_id)
    values (r.source, r.service_id, r.product_code, id) on conflict do nothing;
    if not found then
      delete from bridge.license where license_id = id;
      return false;
    end if;
    insert into bridge.line (license_id, account) values (id, r.account);
  end if;
  if r.provider = '724license' then
    insert into bridge.pair as p (account, upstream_type, ip, license_id, owned_at)
    values (r.account, r.upstream_type, r.ip, id, now())
    on conflict (account, upstream_type, ip) do update
    set license_id = excluded.license_id, owned_at = excluded.owned_at, terminated_at = null
    where p.license_id is null or p.license_id = excluded.license_id;
    if not found then
      raise exception '% on % was taken meanwhile', r.upstream_type, host(r.ip) using errcode = 'unique_violation';
    end if;
  end if;
  update bridge.license
  set account = r.account, provider = r.provider, upstream_type = r.upstream_type, status = r.status, ip = r.ip,
      license_key = r.license_key, upstream_license_id = r.upstream_license_id, period_end = r.period_end,
      adopted_at = now(), updated_at = now()
  where license_id = id;
  if r.ip is not null then
    update bridge.license_ip set until = now() where license_id = id and until is null;
    insert into bridge.license_ip (license_id, ip, order_id) values (id, r.ip, null);
  end if;
  return true;
end
$$;

-- Takes licenses over that were bought before the bridge was there.  p_dry: only says what it would do.  outcome:
-- adopted, unchanged, or refused with the column and why.  $3 to $13: sources, services, product codes, providers,
-- accounts, upstream types, addresses, keys, upstream ids, ends of the periods, states.
create function bridge.operator_adopt(p_actor text, p_dry boolean, text[], text[], text[], text[], text[], text[],
                                      text[], text[], text[], text[], text[])
returns table (idx int, outcome text, field text, problem text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  r bridge.adopt_row;
  found_as record;
  adopted int := 0;
begin
  perform from bridge.line l
  where l.license_id in (select p.license_id from unnest($3, $4, $5) as u(source, service_id, product_code)
                         join bridge.license_product p using (source, service_id, product_code))
  order by l.license_id for update;
  for r in
    select u.ord::int, u.a1, u.a2, u.a3, u.a4, u.a5, u.a6, u.a7::inet, u.a8, u.a9, u.a10::date,
           u.a11::bridge.license_status
    from unnest($3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
      with ordinality as u(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, ord)
    order by u.a1, u.a2, u.a3
  loop
    found_as := bridge.adopt_check(r);
    idx := r.idx;
    field := found_as.field;
    problem := found_as.problem;
    outcome := case when problem is not null then 'refused' when found_as.same then 'unchanged' else 'adopted' end;
    if outcome = 'adopted' and not p_dry then
      if bridge.adopt_one(r, found_as.id) then
        adopted := adopted + 1;
      else
        outcome := 'refused';
        field := 'service_id';
        problem := 'an order of this service came in meanwhile: try again';
      end if;
    end if;
    return next;
  end loop;
  if adopted > 0 then
    perform bridge.operator_note(p_actor, 'license.adopt', null, null, null, jsonb_build_object('adopted', adopted));
  end if;
end
$$;

create view ops.review as
  select o.order_id, o.source, o.service_id, o.type::text as type, o.account, o.product_code, o.upstream_type,
         host(o.ip) as ip, o.billing_months, o.reason_code, bridge.order_reason(o) as reason, o.unsettled, o.attempts,
         (select max(h.at) from bridge.order_history h
          where h.order_id = o.order_id and h.to_state = 'needs_review') as waiting_since,
         o.deadline, o.deadline + a.quiet as settle_at, trim_scale(o.price) as price,
         trim_scale(o.price_other) as price_other, o.window_id, w.state as window_state, w.tainted, w.solo,
         w.opened_at as window_opened_at, w.closed_at as window_closed_at, trim_scale(w.balance_open) as balance_open,
         trim_scale(w.balance_close) as balance_close, trim_scale(w.confirmed) as confirmed,
         trim_scale(w.balance_open - w.balance_close - w.confirmed) as missing, d.doubts,
         trim_scale(d.doubts_price) as doubts_price
  from bridge.orders o
  join bridge.account a using (account)
  left join bridge.spending_window w on w.window_id = o.window_id
  cross join lateral (select count(*) as doubts, sum(d.price) as doubts_price from bridge.orders d
                      where d.window_id = o.window_id and d.doubted) d
  where o.state = 'needs_review';
comment on view ops.review is 'The tray: what a person has to settle, since when, from when on, and what the balance says';
comment on column ops.review.settle_at is 'Before that a late effect may still come; null: at once';
comment on column ops.review.missing is 'What went from the balance beyond the confirmed calls of the window';
comment on column ops.review.doubts_price is 'What the doubtful calls of the window would have cost together';

create index ledger_account_at on bridge.ledger (account, at) include (kind, amount);

-- What an unfinished paid order takes: what it was booked at, what such a call was seen to cost, or the catalogue's
-- price of its months.  Null: not known.
create view ops.waiting_purchases as
  select o.account, o.order_id, o.state::text as state,
         trim_scale(coalesce(o.price, l.price, p.price * greatest(coalesce(o.billing_months, 1), 1))) as price
  from bridge.orders o
  left join bridge.product p
    on p.account = o.account and p.upstream_type = coalesce(o.new_upstream_type, o.upstream_type)
  left join bridge.product_price l
    on l.account = o.account and l.upstream_type = o.upstream_type and l.new_type = coalesce(o.new_upstream_type, '')
   and l.billing_months = coalesce(o.billing_months, 0) and l.month_price = p.price
   and l.action = case o.type when 'license.create' then 'create' when 'license.renew' then 'renew' else 'change-core' end
  where o.state in ('queued', 'blocked', 'held') and o.paid;
comment on view ops.waiting_purchases is 'Paid orders that have not begun, and what each is expected to take';

-- A license whose period ends within 30 days and whose renewal has not been ordered yet, with the months of its last
-- purchase.
create view ops.renewals_due as
  select l.account, l.license_id, l.source, l.service_id, l.product_code, l.upstream_type, host(l.ip) as ip, l.period_end,
         coalesce(m.billing_months, 1) as billing_months,
         trim_scale(coalesce(s.price, p.price * coalesce(m.billing_months, 1))) as price
  from bridge.license l
  left join lateral (
    select o.billing_months from bridge.orders o
    where o.license_id = l.license_id and o.type in ('license.create', 'license.renew') and o.state = 'succeeded'
      and o.billing_months is not null
    order by o.position desc limit 1) m on true
  left join bridge.product p on p.account = l.account and p.upstream_type = l.upstream_type
  left join bridge.product_price s
    on s.account = l.account and s.action = 'renew' and s.upstream_type = l.upstream_type and s.new_type = ''
   and s.billing_months = coalesce(m.billing_months, 1) and s.month_price = p.price
  where l.provider = '724license' and l.status = 'active'
    and l.period_end between (now() at time zone 'UTC')::date and (now() at time zone 'UTC')::date + 30
    and not exists (select from bridge.orders o
                    where o.license_id = l.license_id and o.type = 'license.renew'
                      and o.state not in ('succeeded', 'failed', 'cancelled'));
comment on view ops.renewals_due is 'Licenses whose period ends within 30 days, and what their renewal is expected to take';

create view ops.balance_runway as
  select a.account, trim_scale(a.balance) as balance, a.balance_at, a.sandbox,
         coalesce(w.orders, 0) as waiting_orders, trim_scale(coalesce(w.credits, 0)) as waiting_credits,
         coalesce(r.licenses, 0) as renewals_30d, trim_scale(coalesce(r.credits, 0)) as renewals_credits,
         coalesce(w.unpriced, 0) + coalesce(r.unpriced, 0) as unpriced,
         trim_scale(a.balance - coalesce(w.credits, 0) - coalesce(r.credits, 0)) as left_after,
         trim_scale(s.spent) as spent_30d, trim_scale(round(s.spent / s.days, 6)) as spent_a_day,
         case when s.spent > 0 then round(greatest(a.balance, 0) / (s.spent / s.days), 1) end as days_left
  from bridge.account a
  left join (select p.account, count(*) as orders, sum(p.price) as credits, count(*) filter (where p.price is null) as unpriced
             from ops.waiting_purchases p group by p.account) w using (account)
  left join (select d.account, count(*) as licenses, sum(d.price) as credits,
                    count(*) filter (where d.price is null) as unpriced
             from ops.renewals_due d group by d.account) r using (account)
  cross join lateral (
    select coalesce(sum(l.amount), 0) as spent,
           -- a bridge that is younger than 30 days has spent in fewer
           greatest(1, least(30, extract(epoch from now() - (select min(f.at) from bridge.ledger f
                                                             where f.account = a.account)) / 86400))::numeric as days
    from bridge.ledger l
    where l.account = a.account and l.at > now() - interval '30 days' and l.kind in ('purchase', 'adjustment')) s
  where a.provider = '724license';
comment on view ops.balance_runway is 'How long the credits of each account last, and what is known to come';
comment on column ops.balance_runway.left_after is 'What remains of the balance after the waiting orders and the renewals';
comment on column ops.balance_runway.unpriced is 'Waiting orders and renewals whose price is not known: not in the sums';

create view ops.ledger_drift as
  select w.window_id, w.account, w.opened_at, w.closed_at, w.tainted, w.solo, w.begun,
         trim_scale(w.balance_open) as balance_open, trim_scale(w.balance_close) as balance_close,
         trim_scale(w.confirmed) as confirmed, trim_scale(w.balance_open - w.balance_close - w.confirmed) as drift,
         trim_scale(b.bought) as bought, trim_scale(m.topups) as topups, trim_scale(m.adjustments) as adjustments,
         trim_scale(w.balance_open - w.balance_close - b.bought - m.adjustments + m.topups) as unexplained
  from bridge.spending_window w
  cross join lateral (
    select coalesce(sum(l.amount), 0) as bought
    from bridge.orders o join bridge.ledger l on l.order_id = o.order_id and l.kind = 'purchase'
    where o.window_id = w.window_id) b
  cross join lateral (
    select coalesce(sum(l.amount) filter (where l.kind = 'topup'), 0) as topups,
           coalesce(sum(l.amount) filter (where l.kind = 'adjustment'), 0) as adjustments
    from bridge.ledger l where l.account = w.account and l.at > w.opened_at and l.at <= w.closed_at) m
  where w.state = 'shut' and w.balance_open is not null and w.balance_close is not null;
comment on view ops.ledger_drift is 'Settled windows: what the balance moved by, against what was booked';
comment on column ops.ledger_drift.drift is 'What was missing when the window was settled, beyond its confirmed calls';
comment on column ops.ledger_drift.unexplained is 'What is still missing with everything that was found out and booked since';

grant select on ops.review, ops.waiting_purchases, ops.renewals_due, ops.balance_runway, ops.ledger_drift to bridge_ops;
grant execute on function bridge.operator_topup, bridge.operator_adjust, bridge.operator_hold, bridge.operator_retry,
  bridge.operator_adopt to bridge_operator;
