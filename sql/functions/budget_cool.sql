-- SPDX-License-Identifier: Apache-2.0
-- The provider asked for fewer calls: the endpoint rests, for as long as it says (p_retry_after_ms) or, where it does
-- not say, for a 64th of the stretch that the budget is for, twice as long each time, at most the whole stretch.
-- Of calls that were on their way together only the first counts as one more.  p_elapsed_ms: how long the call took.
-- Says how long the rest is, in ms; null: there is no such budget.  Touches: budget.
create or replace function bridge.budget_cool(p_account text, p_endpoint text, p_egress text, p_retry_after_ms bigint,
                                              p_elapsed_ms bigint)
returns bigint language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  b bridge.budget;
  at timestamptz;
  rest interval;
  fresh boolean; -- made after the last strike: a probe, whose own wait is over
begin
  select * into b from bridge.budget
  where account = p_account and endpoint = p_endpoint and egress = p_egress for update;
  if not found then
    return null;
  end if;
  at := clock_timestamp();
  fresh := b.struck_at is null or at - p_elapsed_ms * interval '1 ms' >= b.struck_at;
  if fresh then
    b.strikes := b.strikes + 1;
  end if;
  rest := coalesce(p_retry_after_ms * interval '1 ms', least(b.per, b.per / 64 * 2 ^ least(b.strikes - 1, 6)));
  update bridge.budget
  set strikes = b.strikes, struck_at = at,
      cool_until = case when fresh then at + rest else greatest(cool_until, at + rest) end
  where account = p_account and endpoint = p_endpoint and egress = p_egress returning cool_until into b.cool_until;
  return ceil(extract(epoch from b.cool_until - at) * 1000);
end
$$;
grant execute on function bridge.budget_cool to bridge_worker;
