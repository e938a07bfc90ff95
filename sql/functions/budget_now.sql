-- SPDX-License-Identifier: Apache-2.0
-- What a budget has left just now, and how many orders wait for it.  Touches: budget, line (read).
create or replace function bridge.budget_waiting(b bridge.budget) returns bigint
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select count(*) from bridge.line l
  where l.account = b.account and l.head_type = any (b.types) and not l.head_paid and l.run_at <= now()
    and l.lease_owner is null
$$;
create or replace function bridge.budget_now(b bridge.budget, out free int, out next_at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select f.free, f.next_at from bridge.budget_free(b, now()) f
$$;
grant execute on function bridge.budget_waiting, bridge.budget_now to bridge_ops;
