-- SPDX-License-Identifier: Apache-2.0
-- Calls ended and credits spent on each account since the beginning: the sums and what is younger than they.
-- durations: how many calls took at most as long as each of bounds_ms; the last of all that were timed.
-- Touches: summed, account, account_total and what the span_ functions touch (read).
create or replace function bridge.call_sums()
returns table (account text, calls bigint, errors bigint, spent numeric, elapsed_ms bigint, bounds_ms int[], durations bigint[])
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return query
  with part as (
    select t.account, t.calls, t.errors, t.spent, t.elapsed_ms, t.durations from bridge.account_total t
    union all
    select c.account, c.calls, c.errors, 0, c.elapsed_ms, c.durations
    from bridge.summed s cross join lateral bridge.span_calls(coalesce(s.until, '-infinity'), 'infinity') c where s.one
    union all
    select l.account, 0, 0, l.spent, 0, null
    from bridge.summed s cross join lateral bridge.span_credits(coalesce(s.until, '-infinity'), 'infinity') l where s.one
  )
  select a.account, coalesce(sum(p.calls), 0)::bigint, coalesce(sum(p.errors), 0)::bigint,
         trim_scale(coalesce(sum(p.spent), 0)), coalesce(sum(p.elapsed_ms), 0)::bigint, bridge.duration_bounds(),
         coalesce(bridge.counts_sum(p.durations), bridge.counts_add('{}', '{}'))
  from bridge.account a left join part p on p.account = a.account
  group by a.account;
end
$$;
grant execute on function bridge.call_sums to bridge_ops;
