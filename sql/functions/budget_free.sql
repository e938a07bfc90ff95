-- SPDX-License-Identifier: Apache-2.0
-- How many calls a budget has left at p_at, and when the next one may be made.  Never more than `requests` in any
-- stretch of length `per`, wherever the provider's own window begins: a call counts until one stretch after it was
-- taken has gone by, and a little longer, because it reaches the provider later than it was taken here.
-- p_at: now, as the caller sees it.  Touches nothing.
create or replace function bridge.budget_life(b bridge.budget) returns interval language sql immutable as $$
  select b.per + least(b.per / 32, interval '10 seconds')
$$;

create or replace function bridge.budget_free(b bridge.budget, p_at timestamptz, out free int, out next_at timestamptz)
language plpgsql stable as $$
declare
  life constant interval := bridge.budget_life(b);
  used int;
begin
  select coalesce(sum(s.calls), 0), min(s.at) + life into used, next_at
  from unnest(b.spent_at, b.spent) as s(at, calls) where s.at > p_at - life;
  free := greatest(b.requests - used, 0);
  if free > 0 then
    next_at := p_at;
  end if;
  if b.strikes > 0 then
    free := least(free, 1); -- a probe; the others wait for what it is answered
  end if;
  if b.cool_until > p_at then
    free := 0;
    next_at := greatest(next_at, b.cool_until);
  end if;
end
$$;
