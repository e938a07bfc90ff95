-- SPDX-License-Identifier: Apache-2.0
create or replace view ops.upstreams as
  select a.account, a.provider, a.paused, a.pause_reason, trim_scale(a.balance) as balance, a.balance_at, a.sandbox, a.alarm,
         a.alarm_at, a.unread_since, a.window_state, a.width, w.waiting_orders::int as waiting_orders, w.waiting_credits,
         w.renewals_30d::int as renewals_30d, w.renewals_credits, w.left_after,
         trim_scale(coalesce(d.spent + d.adjustments, 0)) as spent_today, w.spent_a_day, w.days_left,
         coalesce(l.calls, 0)::int as calls_1h, coalesce(e.calls, 0)::int as errors_1h, l.p50_ms, l.p95_ms, l.p99_ms,
         coalesce((select jsonb_agg(jsonb_build_object(
                     'endpoint', b.endpoint, 'egress', b.egress, 'requests', b.requests,
                     'per_s', extract(epoch from b.per)::int, 'left', b.free, 'full_at', bridge.utc(b.next_at),
                     'waiting', b.waiting) order by b.endpoint, b.egress)
                   from ops.rate_budget b where b.account = a.account), '[]') as budgets
  from bridge.account a
  left join ops.balance_runway w using (account)
  left join ops.credits_spent_daily d on d.account = a.account and d.day = (now() at time zone 'UTC')::date
  left join ops.upstream_latency_1h l on l.account = a.account and l.call is null
  left join (select x.account, sum(x.calls) as calls from ops.upstream_errors_1h x where x.verdict in ('later', 'unsure')
             group by x.account) e on e.account = a.account;
comment on view ops.upstreams is 'Each account with its money and the health of its provider';
grant select on ops.upstreams to bridge_ops;
