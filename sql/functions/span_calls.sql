-- SPDX-License-Identifier: Apache-2.0
-- Calls that ended from one time up to another, hour by hour and account by account.  errors: given up, or answered late
-- or unclearly; durations: how many were answered within each of bridge.duration_bounds(), and in all.
-- Touches: attempt (read).
create or replace function bridge.span_calls(p_from timestamptz, p_until timestamptz)
returns table (hour timestamptz, account text, calls bigint, errors bigint, elapsed_ms bigint, durations bigint[])
language plpgsql stable rows 50 security definer set search_path = pg_catalog, pg_temp
set max_parallel_workers_per_gather = 0 set jit = off as $$
declare
  b constant int[] := bridge.duration_bounds();
begin
  return query
  select date_trunc('hour', t.finished_at, 'UTC'), t.account, count(*),
         count(*) filter (where t.verdict in ('later', 'unsure') or t.late_at is not null),
         coalesce(sum(e.ms), 0)::bigint,
         array[count(*) filter (where e.ms <= b[1]), count(*) filter (where e.ms <= b[2]),
               count(*) filter (where e.ms <= b[3]), count(*) filter (where e.ms <= b[4]),
               count(*) filter (where e.ms <= b[5]), count(*) filter (where e.ms <= b[6]),
               count(*) filter (where e.ms <= b[7]), count(*) filter (where e.ms <= b[8]),
               count(*) filter (where e.ms <= b[9]), count(*) filter (where e.ms <= b[10]), count(e.ms)]
  from bridge.attempt t
  cross join lateral (select case when t.late_at is null then t.elapsed_ms end as ms) e
  where t.finished_at >= p_from and t.finished_at < p_until
  group by 1, 2;
end
$$;
grant execute on function bridge.span_calls to bridge_ops;
