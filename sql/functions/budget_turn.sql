-- SPDX-License-Identifier: Apache-2.0
-- When the rate budget lets a waiting order's call be made: null when it is not the budget that it waits for.
-- place: how many calls of the endpoint come before it, and itself.  Touches: budget, line (read).
create or replace function bridge.budget_turn(o bridge.orders, out at timestamptz, out place bigint, out budget bridge.budget)
language plpgsql stable as $$
declare
  b bridge.budget;
  l bridge.line;
  here timestamptz := clock_timestamp();
  spare record;
  missing bigint;
begin
  if o.state <> 'queued' or o.paid or not exists (select from bridge.budget t where t.account = o.account) then
    return;
  end if;
  select * into l from bridge.line n where n.license_id = o.license_id and n.head_order = o.order_id
    and n.run_at <= here and n.lease_owner is null;
  if not found then
    return;
  end if;
  for b in select * from bridge.budget t where t.account = o.account and o.type = any (t.types) loop
    spare := bridge.budget_free(b, here);
    select 1 + count(*) into place from (
      select from bridge.line n
      where n.account = o.account and n.head_type = any (b.types) and not n.head_paid and n.run_at <= here
        and n.lease_owner is null and n.license_id <> l.license_id
        and (array_position(b.types, n.head_type), n.run_at, n.license_id)
            < (array_position(b.types, o.type), l.run_at, l.license_id)
      limit 10000) ahead;
    missing := place - case when b.strikes > 0 then 0 else spare.free end;
    if missing > 0 and (at is null or spare.next_at < at) then
      -- The missing-th call that falls out of the last stretch makes room; beyond a whole stretch it begins again.
      select greatest(min(s.at), b.cool_until) + (missing - 1) / b.requests * bridge.budget_life(b) into at
      from (select u.at + bridge.budget_life(b) as at, sum(u.calls) over (order by u.at) as until
            from unnest(b.spent_at, b.spent) as u(at, calls) where u.at > here - bridge.budget_life(b)) s
      where s.until > (missing - 1) % b.requests;
      at := coalesce(at, greatest(b.cool_until, here));
      budget := b;
    elsif missing <= 0 then
      at := null;
      budget := null;
      return; -- the call may be made now
    end if;
  end loop;
end
$$;
