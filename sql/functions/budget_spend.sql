-- SPDX-License-Identifier: Apache-2.0
-- Takes p_calls from a locked budget.  Calls are kept by the 128th of the stretch in which they are taken, as if all
-- had been taken at its end, so that a row stays small however large the budget is.  While the provider asks for
-- fewer calls, what is taken is a probe: nobody else takes one until p_probe_ms is over or the probe was answered.
-- Touches: budget.
create or replace function bridge.budget_spend(b bridge.budget, p_calls int, p_at timestamptz, p_probe_ms bigint)
returns void language plpgsql as $$
declare
  grain constant numeric := extract(epoch from b.per) / 128;
  slot constant timestamptz := to_timestamp(ceil(extract(epoch from p_at) / grain) * grain);
  ats timestamptz[];
  counts int[];
begin
  select array_agg(s.at order by s.at), array_agg(s.calls order by s.at) into ats, counts
  from (select u.at, sum(u.calls)::int as calls
        from (select * from unnest(b.spent_at, b.spent) union all select slot, p_calls) as u(at, calls)
        where u.at > p_at - bridge.budget_life(b) group by u.at) s;
  update bridge.budget
  set spent_at = ats, spent = counts,
      cool_until = case when strikes > 0 then p_at + p_probe_ms * interval '1 ms' else cool_until end
  where account = b.account and endpoint = b.endpoint and egress = b.egress;
end
$$;
