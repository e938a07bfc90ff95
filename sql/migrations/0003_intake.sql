-- SPDX-License-Identifier: Apache-2.0
-- What the front door may call.

-- Makes the accounts of the configuration known.
create function bridge.account_ensure(text[], text[]) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into bridge.account (account, provider)
  select u.a, u.p from unnest($1, $2) as u(a, p) order by u.a on conflict (account) do nothing
$$;

create type bridge.intake_row as (
  idx int, source text, delivery_id text, digest bytea, body bytea, address text, type text, operation_key text,
  fingerprint bytea, service_id text, provider text, account text, product_code text, upstream_type text,
  new_product_code text, new_upstream_type text, recycled text, paid boolean, ip text, new_ip text,
  billing_months bigint, period_end text, license_key text, customer_email text, domain text, hwid text,
  machine_name text, os_info text, verification_type text, sequence bigint, cause text, max_credits text,
  panel_order_id text, invoice_id text, invoice_item_id text, event_ms bigint);

create type bridge.intake_result as (
  idx int, outcome text, order_id bigint, state text, reason text, field text, text text);

create function bridge.intake_order(p_idx int, p_outcome text, p_order bigint) returns bridge.intake_result
language sql stable as $$
  select row(p_idx, p_outcome, o.order_id, o.state::text, bridge.order_reason(o), null, null)::bridge.intake_result
  from bridge.orders o where o.order_id = p_order
$$;

create function bridge.intake_refused(p_idx int, p_field text, p_text text) returns bridge.intake_result
language sql immutable as $$
  select row(p_idx, 'refused', null, null, null, p_field, p_text)::bridge.intake_result
$$;

-- Makes the license that (source, service, product code) means.  Null: somebody else was quicker.
-- Touches: license, license_product, line.
create function bridge.intake_license(r bridge.intake_row) returns bigint language plpgsql as $$
declare
  id bigint;
begin
  insert into bridge.license (source, service_id, provider, account, product_code, upstream_type, ip, license_key)
  values (r.source, r.service_id, r.provider, r.account, r.product_code, r.upstream_type, r.ip::inet, r.license_key)
  returning license_id into id;
  insert into bridge.license_product (source, service_id, product_code, license_id)
  values (r.source, r.service_id, r.product_code, id) on conflict do nothing;
  if not found then
    delete from bridge.license where license_id = id;
    return null;
  end if;
  insert into bridge.line (license_id, account) values (id, r.account);
  return id;
end
$$;

-- Why the license's past forbids the order; null: it does not.
create function bridge.intake_refusal(r bridge.intake_row) returns text language plpgsql stable as $$
declare
  l bridge.license;
begin
  if r.provider <> '724license' or r.type not in ('license.create', 'license.renew') then
    return null;
  end if;
  select lic.* into l from bridge.license_product p join bridge.license lic using (license_id)
  where p.source = r.source and p.service_id = r.service_id and p.product_code = r.product_code;
  if r.type = 'license.create'
     and (l.status in ('pending', 'active', 'suspended')
          or exists (select from bridge.orders o where o.license_id = l.license_id and o.type = 'license.create'
                     and o.state not in ('succeeded', 'failed', 'cancelled'))) then
    return format('service %s already has a live %s license%s', l.service_id, l.upstream_type,
                  case when l.ip is null then '' else ' on ' || host(l.ip) end);
  elsif r.type = 'license.renew' and l.status = 'terminated' then
    return format('the %s license of service %s was terminated', l.upstream_type, l.service_id);
  elsif r.type = 'license.renew' and l.status is distinct from 'pending' and l.bought_at is null and l.adopted_at is null then
    return format('no %s license of service %s is known: it was neither bought through this bridge nor adopted',
                  r.upstream_type, r.service_id);
  end if;
  return null;
end
$$;

-- Stores one checked delivery as a new order.  The line is locked.  False: a race was lost, nothing was stored.
-- Touches: delivery, orders, event, license, license_product, line, pair.
create function bridge.intake_store(r bridge.intake_row, p_license bigint, p_order bigint) returns boolean
language plpgsql as $$
declare
  l bridge.line;
  first_renewal bigint;
begin
  insert into bridge.delivery (source, delivery_id, digest, order_id)
  values (r.source, r.delivery_id, r.digest, p_order) on conflict do nothing;
  if not found then
    return false;
  end if;
  if r.type = 'license.renew' and r.period_end is not null then
    select o.order_id into first_renewal from bridge.orders o
    where o.license_id = p_license and o.type = 'license.renew' and o.period_end = r.period_end::date
      and o.state not in ('failed', 'cancelled')
    order by o.order_id limit 1;
  end if;
  update bridge.line
  set last_position = last_position + 1, max_sequence = greatest(max_sequence, r.sequence),
      pending = pending + case when first_renewal is null then 1 else 0 end
  where license_id = p_license returning * into l;
  insert into bridge.orders (
    order_id, license_id, source, operation_key, fingerprint, type, paid, provider, account, service_id, product_code,
    upstream_type, new_product_code, new_upstream_type, recycled, ip, new_ip, billing_months, period_end, license_key,
    customer_email, domain, hwid, machine_name, os_info, verification_type, sequence, order_sequence, position, cause,
    max_credits, panel_order_id, invoice_id, invoice_item_id, event_at, state, parked, reason_code, reason)
  values (
    p_order, p_license, r.source, r.operation_key, r.fingerprint, r.type::bridge.order_type, r.paid, r.provider,
    r.account, r.service_id, r.product_code, r.upstream_type, r.new_product_code, r.new_upstream_type, r.recycled,
    r.ip::inet, r.new_ip::inet, nullif(r.billing_months, 0), r.period_end::date, r.license_key, r.customer_email,
    r.domain, r.hwid, r.machine_name, r.os_info, r.verification_type, r.sequence,
    coalesce(r.sequence, l.max_sequence, 0), l.last_position, r.cause, r.max_credits::numeric, r.panel_order_id,
    r.invoice_id, r.invoice_item_id, to_timestamp(r.event_ms / 1000.0),
    case when first_renewal is not null then 'held' when l.head_order is null then 'queued'
         else 'blocked' end::bridge.order_state,
    first_renewal is not null,
    case when first_renewal is not null then 'second_renewal' when l.head_order is not null then 'line' end,
    case when first_renewal is not null
           then format('order %s already renews this license to %s', first_renewal, r.period_end) end)
  on conflict (source, operation_key) where not key_free do nothing;
  if not found then
    delete from bridge.delivery where source = r.source and delivery_id = r.delivery_id and order_id = p_order;
    update bridge.line set last_position = last_position - 1,
      pending = pending - case when first_renewal is null then 1 else 0 end where license_id = p_license;
    return false;
  end if;
  insert into bridge.event (order_id, source, delivery_id, address, body)
  values (p_order, r.source, r.delivery_id, r.address, r.body);
  if r.type = 'license.create' then
    update bridge.license
    set status = 'pending', ip = coalesce(r.ip::inet, ip), license_key = coalesce(r.license_key, license_key),
        updated_at = now()
    where license_id = p_license and status in ('unknown', 'terminated');
  elsif r.type = 'license.change_product' then
    insert into bridge.license_product (source, service_id, product_code, license_id)
    values (r.source, r.service_id, r.new_product_code, p_license) on conflict do nothing;
  end if;
  return true;
end
$$;

-- One delivery.  Touches: everything intake_store and line_advance touch.
create function bridge.intake_accept_one(r bridge.intake_row) returns bridge.intake_result language plpgsql as $$
declare
  known record;
  license bigint;
  id bigint;
  sentence text;
  obstacle record;
  again constant bridge.intake_result := row(r.idx, 'again', null, null, null, null, null);
begin
  select d.order_id, d.digest into known from bridge.delivery d
  where d.source = r.source and d.delivery_id = r.delivery_id;
  if found then
    return bridge.intake_order(r.idx, case when known.digest = r.digest then 'duplicate' else 'conflict' end,
                               known.order_id);
  end if;
  select o.order_id, o.fingerprint into known from bridge.orders o
  where o.source = r.source and o.operation_key = r.operation_key and not o.key_free;
  if found then
    if known.fingerprint <> r.fingerprint then
      return bridge.intake_refused(r.idx, 'data.operation_key',
        format('operation_key was used for order %s with other content', known.order_id));
    end if;
    insert into bridge.delivery (source, delivery_id, digest, order_id)
    values (r.source, r.delivery_id, r.digest, known.order_id) on conflict do nothing;
    return case when found then bridge.intake_order(r.idx, 'duplicate', known.order_id) else again end;
  end if;
  if r.type = 'license.create' and exists (select from bridge.product p where p.account = r.account
                                           and p.upstream_type = r.upstream_type and not p.visible) then
    return bridge.intake_refused(r.idx, 'data.product_code',
      format('product %s is not sold by the provider at present', r.product_code));
  end if;
  -- The batch has locked the lines that it knew of.  One that was made since then is taken only if it is free: to
  -- wait for it now would be out of order.
  select p.license_id into license from bridge.license_product p
  where p.source = r.source and p.service_id = r.service_id and p.product_code = r.product_code;
  if found then
    perform from bridge.line l where l.license_id = license for update skip locked;
    if not found then
      return again;
    end if;
  end if;
  sentence := bridge.intake_refusal(r);
  if sentence is not null then
    -- The very same order may have been stored between the first look and the lock: a repeat is never refused.
    if exists (select from bridge.delivery d where d.source = r.source and d.delivery_id = r.delivery_id)
       or exists (select from bridge.orders o
                  where o.source = r.source and o.operation_key = r.operation_key and not o.key_free) then
      return again;
    end if;
    return bridge.intake_refused(r.idx, 'data.service_id', sentence);
  end if;
  license := coalesce(license, bridge.intake_license(r));
  if license is null then
    return again;
  end if;
  id := nextval('bridge.order_id_seq');
  if not bridge.intake_store(r, license, id) then
    return again;
  end if;
  perform bridge.line_advance(license);
  -- Not at the head of its line: the pair it needs is claimed, or waited for, from acceptance on.
  select bo.* into obstacle
  from bridge.orders o, lateral bridge.order_obstacle(o) bo
  where o.order_id = id and o.state = 'blocked' and o.waits_pair is null
    and o.type in ('license.create', 'license.change_ip', 'license.change_product');
  if found and obstacle.pair_id is not null then
    update bridge.orders set waits_pair = obstacle.pair_id, updated_at = now() where order_id = id;
  end if;
  return bridge.intake_order(r.idx, 'accepted', id);
end
$$;

-- A batch of deliveries: one row of answer each.  The lines are locked first, in the order in which everybody locks
-- them; new licenses are made in the order of their names, so that two batches do not wait for each other.
create function bridge.intake_accept(
  text[], text[], bytea[], bytea[], text[], text[], text[], bytea[], text[], text[], text[], text[], text[], text[],
  text[], text[], boolean[], text[], text[], bigint[], text[], text[], text[], text[], text[], text[], text[], text[],
  bigint[], text[], text[], text[], text[], text[], bigint[])
returns setof bridge.intake_result language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  r bridge.intake_row;
begin
  perform from bridge.line l
  where l.license_id in (select p.license_id from unnest($1, $9, $12) as u(source, service_id, product_code)
                         join bridge.license_product p using (source, service_id, product_code))
  order by l.license_id for update;
  for r in
    select u.ord::int, u.a1, u.a2, u.a3, u.a4, u.a5, u.a6, u.a7, u.a8, u.a9, u.a10, u.a11, u.a12, u.a13, u.a14, u.a15,
           u.a16, u.a17, u.a18, u.a19, u.a20, u.a21, u.a22, u.a23, u.a24, u.a25, u.a26, u.a27, u.a28, u.a29, u.a30,
           u.a31, u.a32, u.a33, u.a34, u.a35
    from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
                $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35)
      with ordinality as u(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20,
                           a21, a22, a23, a24, a25, a26, a27, a28, a29, a30, a31, a32, a33, a34, a35, ord)
    order by u.a1, u.a9, u.a12, u.a2
  loop
    return next bridge.intake_accept_one(r);
  end loop;
end
$$;
comment on function bridge.intake_accept is 'Stores a batch of checked deliveries; parameters as in sql/query/intake_accept.sql';

create function bridge.intake_refuse(text, text, text, int, text, text, bytea, bigint) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into bridge.refusal (source, address, delivery_id, status, field, reason, digest, suppressed)
  values ($1, $2, $3, $4, $5, $6, $7, $8)
$$;

-- One order as GET /v1/orders/{id} shows it; p_source null: whichever source.
create function bridge.order_read(p_order bigint, p_source text)
returns table (order_id bigint, source text, service_id text, operation_key text, type text, state text, reason text,
               next_try_at timestamptz, attempts int, license text, credits text, created_at text, updated_at text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select o.order_id, o.source, o.service_id, o.operation_key, o.type::text, o.state::text, bridge.order_reason(o),
         o.next_try_at,
         o.attempts,
         jsonb_build_object(
           'license_id', l.license_id::text, 'status', l.status, 'product_code', l.product_code, 'ip', host(l.ip),
           'license_key', l.license_key, 'upstream_license_id', l.upstream_license_id, 'period_end', l.period_end,
           'expires_at', to_char(l.expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))::text,
         trim_scale(o.credits)::text,
         to_char(o.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
         to_char(o.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
  from bridge.orders o join bridge.license l using (license_id)
  where o.order_id = p_order and (p_source is null or o.source = p_source)
$$;

create function bridge.token_check(p_digest bytea) returns table (token_id bigint, name text, scopes text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select t.token_id, t.name, array_to_string(t.scopes, ' ') from bridge.token t
  where t.digest = p_digest and t.revoked_at is null and (t.expires_at is null or t.expires_at > now())
$$;

-- What a call would cost: the catalogue's price of a month, and what the whole call is expected to take.
create function bridge.price_read(p_account text, p_type text, p_months int, p_action text)
returns table (price text, expected text, visible boolean, learned boolean)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select trim_scale(p.price)::text, trim_scale(coalesce(l.price, p.price * greatest(p_months, 1)))::text, p.visible,
         l.price is not null
  from bridge.product p
  left join bridge.product_price l
    on l.account = p.account and l.upstream_type = p.upstream_type and l.billing_months = p_months
   and l.action = p_action and l.new_type = ''
  where p.account = p_account and p.upstream_type = p_type
$$;

grant execute on function bridge.account_ensure to bridge_intake, bridge_worker, bridge_operator;
grant execute on function bridge.intake_accept, bridge.intake_refuse, bridge.order_read, bridge.price_read
  to bridge_intake;
grant execute on function bridge.token_check to bridge_intake, bridge_ops;
grant execute on function bridge.order_read to bridge_ops;
