-- SPDX-License-Identifier: Apache-2.0
-- Takes up to p_want calls for something that is no order at the head of its line: a look at what became of a doubtful
-- call, a sweep, a look at the provider itself.  p_reserve calls are left to others, and where orders wait for the
-- endpoint, p_reserve > 0 takes nothing at all.  granted 0: wait_ms says when to ask again.
-- Touches: budget, line (read).
create or replace function bridge.budget_take(
  p_account text, p_endpoint text, p_egress text, p_requests int, p_per_ms bigint, p_types text[], p_want int,
  p_reserve int, p_probe_ms bigint, out granted int, out probe boolean, out wait_ms bigint)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  b bridge.budget;
  spare record;
  at timestamptz;
begin
  b := bridge.budget_lock(p_account, p_endpoint, p_egress, p_requests, p_per_ms * interval '1 ms',
                          p_types::bridge.order_type[]);
  at := clock_timestamp();
  spare := bridge.budget_free(b, at);
  granted := greatest(least(p_want, spare.free - p_reserve), 0);
  probe := b.strikes > 0;
  if p_reserve > 0 and (b.strikes > 0
     or exists (select from bridge.line l where l.account = p_account and l.head_type = any (b.types)
                and not l.head_paid and l.run_at <= now() and l.lease_owner is null)) then
    granted := 0;
  end if;
  if granted > 0 then
    perform bridge.budget_spend(b, granted, at, p_probe_ms);
  end if;
  wait_ms := greatest(ceil(extract(epoch from spare.next_at - at) * 1000), 0);
end
$$;
grant execute on function bridge.budget_take to bridge_worker;
