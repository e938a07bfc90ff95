-- SPDX-License-Identifier: Apache-2.0
-- Like work_claim, for an account whose endpoints take so many calls an hour: what is leased has been taken from their
-- budgets in the same transaction, so that no two hosts behind one address spend a call twice.
-- p_types: all that is repeatable, the more urgent first; p_endpoints, p_requests, p_per_ms: the budget that each is
-- carried out under, null where it has none.  p_lease_ms is also how long a probe is waited for.
-- A row without work says when the next call of a spent budget may be taken.
-- Lock order: budgets, in the order of p_types; then lines, only those that are free.  Touches: budget, line, orders,
-- attempt.
create or replace function bridge.work_claim_rationed(
  p_worker text, p_account text, p_limit int, p_lease_ms bigint, p_egress text, p_types text[], p_endpoints text[],
  p_requests bigint[], p_per_ms bigint[])
returns setof bridge.claimed language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  b bridge.budget;
  spare record;
  most int;
  room int := p_limit;
  taken bigint[];
  lines bigint[] := '{}';
  probes bigint[] := '{}';
  heads bigint[];
  epochs bigint[];
  next_at timestamptz;
  kin bridge.order_type[];
begin
  if exists (select from bridge.account a where a.account = p_account and a.paused)
     or not exists (select from bridge.line l where l.account = p_account and not l.head_paid and l.run_at <= now()
                      and l.lease_owner is null) then
    return; -- most looks find nothing
  end if;
  for i in 1 .. cardinality(p_types) loop
    exit when room <= 0;
    continue when not exists (
      select from bridge.line l where l.account = p_account and l.head_type = p_types[i]::bridge.order_type
        and not l.head_paid and l.run_at <= now() and l.lease_owner is null);
    most := room;
    if p_requests[i] is not null then
      -- Without a lock first: who has to wait asks often.
      select * into b from bridge.budget t
      where t.account = p_account and t.endpoint = p_endpoints[i] and t.egress = p_egress
        and t.requests = p_requests[i] and t.per = p_per_ms[i] * interval '1 ms';
      spare := bridge.budget_free(b, clock_timestamp());
      if b.account is null or spare.free > 0 then
        select array_agg(u.type::bridge.order_type order by u.n) into kin
        from unnest(p_types, p_endpoints) with ordinality as u(type, endpoint, n) where u.endpoint = p_endpoints[i];
        b := bridge.budget_lock(p_account, p_endpoints[i], p_egress, p_requests[i]::int,
                                p_per_ms[i] * interval '1 ms', kin);
        spare := bridge.budget_free(b, clock_timestamp());
      end if;
      if spare.free = 0 then
        next_at := least(next_at, spare.next_at);
        continue;
      end if;
      most := least(room, spare.free);
    end if;
    select array_agg(r.license_id) into taken from (
      select l.license_id from bridge.line l
      where l.account = p_account and l.head_type = p_types[i]::bridge.order_type and not l.head_paid
        and l.run_at <= now() and l.lease_owner is null
      order by l.account, l.head_type, l.run_at limit most for update skip locked) r;
    continue when taken is null;
    if p_requests[i] is not null then
      perform bridge.budget_spend(b, cardinality(taken), clock_timestamp(), p_lease_ms);
      probes := probes || case when b.strikes > 0 then taken end;
    end if;
    lines := lines || taken;
    room := room - cardinality(taken);
  end loop;
  with leased as (
    update bridge.line l
    set lease_owner = p_worker, lease_epoch = l.lease_epoch + 1,
        lease_until = now() + p_lease_ms * interval '1 ms', run_at = now() + p_lease_ms * interval '1 ms'
    where l.license_id = any (lines)
    returning l.head_order, l.lease_epoch
  )
  select array_agg(leased.head_order), array_agg(leased.lease_epoch) into heads, epochs from leased;
  return query
  select null::bigint, w.license_id = any (probes), w::bridge.work from bridge.work_begun(p_worker, heads, epochs) w;
  if next_at is not null then
    return next row(greatest(ceil(extract(epoch from next_at - clock_timestamp()) * 1000), 0)::bigint, false,
                    null::bridge.work)::bridge.claimed;
  end if;
end
$$;
grant execute on function bridge.work_claim_rationed to bridge_worker;
