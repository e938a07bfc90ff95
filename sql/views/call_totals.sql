-- SPDX-License-Identifier: Apache-2.0
create or replace view ops.call_totals as
  with over as (
    select coalesce(max(h.hour) + interval '1 hour', '-infinity') as since from bridge.hour h
  )
  select a.account, format('account="%s"', replace(replace(a.account, '\', '\\'), '"', '\"')) as labels,
         (coalesce(s.calls, 0) + coalesce(c.calls, 0))::bigint as calls, (coalesce(s.errors, 0) + coalesce(c.errors, 0))::bigint as errors,
         trim_scale(coalesce(s.spent, 0) + l.spent) as spent
  from over cross join bridge.account a
  left join (select h.account, sum(h.calls) as calls, sum(h.errors) as errors, sum(h.spent) as spent
             from bridge.hour_account h group by h.account) s on s.account = a.account
  left join (select t.account, count(*) as calls, count(*) filter (where t.verdict in ('later', 'unsure')) as errors
             from over cross join bridge.attempt t where t.started_at >= over.since group by t.account) c on c.account = a.account
  cross join lateral (select coalesce(sum(e.amount), 0) as spent from bridge.ledger e
                      where e.account = a.account and e.at >= over.since and e.kind = 'purchase') l;
comment on view ops.call_totals is 'Calls made and credits spent on each account since the beginning';
comment on column ops.call_totals.labels is 'The account as a label of Prometheus';
grant select on ops.call_totals to bridge_ops;
