-- SPDX-License-Identifier: Apache-2.0
-- Calls are gathered once for both latency and errors, sorted by bytes: the collation of words would take twice as long.
create or replace view ops.upstreams as
  select a.account, a.provider, a.paused, a.pause_reason, trim_scale(a.balance) as balance, a.balance_at, a.sandbox, a.alarm,
         a.alarm_at, a.unread_since, a.window_state, a.width, w.waiting_orders::int as waiting_orders, w.waiting_credits,
         w.renewals_30d::int as renewals_30d, w.renewals_credits, w.left_after,
         trim_scale(coalesce(d.spent, 0)) as spent_today, w.spent_a_day, w.days_left,
         coalesce(l.calls, 0)::int as calls_1h, coalesce(l.errors, 0)::int as errors_1h, l.ms[1] as p50_ms, l.ms[2] as p95_ms,
         l.ms[3] as p99_ms,
         coalesce(g.budgets, '[]') as budgets
  from bridge.account a
  left join ops.balance_runway w using (account)
  left join (select x.account, sum(x.spent + x.adjustments) as spent
             from (select h.account, h.spent, h.adjustments from bridge.hour_account h where h.hour >= date_trunc('day', now(), 'UTC')
                   union all
                   select c.account, c.spent, c.adjustments
                   from bridge.summed u
                   cross join lateral bridge.span_credits(greatest(u.until, date_trunc('day', now(), 'UTC')), 'infinity') c
                   where u.one) x
             group by x.account) d using (account)
  left join (select b.account, jsonb_agg(jsonb_build_object(
                     'endpoint', b.endpoint, 'egress', b.egress, 'requests', b.requests,
                     'per_s', extract(epoch from b.per)::int, 'left', b.free, 'full_at', bridge.utc(b.next_at),
                     'waiting', b.waiting) order by b.endpoint, b.egress) as budgets
             from ops.rate_budget b group by b.account) g using (account)
  left join (select (t.account collate "C") collate "default" as account, count(t.elapsed_ms) as calls,
                    count(*) filter (where t.verdict in ('later', 'unsure')) as errors,
                    percentile_disc(array[0.5, 0.95, 0.99]) within group (order by t.elapsed_ms) as ms
             from bridge.attempt t where t.finished_at > now() - interval '1 hour'
             group by t.account collate "C") l using (account);
comment on view ops.upstreams is 'Each account with its money and the health of its provider';
grant select on ops.upstreams to bridge_ops;
