-- What Prometheus scrapes: family, its type and help, labels as they are printed, value.  Families stand together; those of a
-- histogram are told apart by their last word.
with orders as (
  select a.accepted, a.succeeded, a.failed, a.cancelled, a.deliveries from ops.totals a
), label as (
  select u.alarm, u.balance, u.days_left, u.p50_ms, u.p95_ms, u.p99_ms, u.paused,
         format('account="%s"', replace(replace(u.account, '\', '\\'), '"', '\"')) as labels from ops.upstreams u
), calls as materialized (
  select * from ops.call_totals
)
select 1 as rank, 'license_bridge_orders_accepted_total' as family, 'counter' as type, 'Orders accepted.' as help, '' as labels, accepted::text as value from orders
union all select 2, 'license_bridge_orders_finished_total', 'counter', 'Orders that ended, by state.', format('state="%s"', f.state), f.n::text
from orders, lateral (values ('succeeded', succeeded), ('failed', failed), ('cancelled', cancelled)) f(state, n)
union all select 3, 'license_bridge_orders', 'gauge', 'Unfinished orders, by state.', format('state="%s"', s.state), coalesce(o.orders, 0)::text
from unnest(array['queued', 'blocked', 'held', 'calling', 'in_doubt', 'needs_review']) s(state) left join ops.orders_by_state o using (state)
union all select 4, 'license_bridge_oldest_order_age_seconds', 'gauge', 'Age of the oldest unfinished order, by state.', format('state="%s"', s.state),
       coalesce(round(extract(epoch from now() - o.oldest), 3), 0)::text
from unnest(array['queued', 'blocked', 'held', 'calling', 'in_doubt', 'needs_review']) s(state) left join ops.orders_by_state o using (state)
union all select 5, 'license_bridge_upstream_calls_total', 'counter', 'Calls made to a provider.', c.labels, c.calls::text from calls c
union all select 6, 'license_bridge_upstream_errors_total', 'counter', 'Calls answered late, unclearly or not at all.', c.labels, c.errors::text from calls c
union all select 7, 'license_bridge_credits_spent_total', 'counter', 'Credits booked for purchases.', c.labels, c.spent::text from calls c
union all select 8, 'license_bridge_upstream_latency_seconds', 'summary', 'Duration of the calls of the last hour, by quantile.',
       l.labels || format(',quantile="%s"', q.quantile), (q.ms / 1000.0)::numeric(12, 3)::text
from label l, lateral (values ('0.5', l.p50_ms), ('0.95', l.p95_ms), ('0.99', l.p99_ms)) q(quantile, ms) where q.ms is not null
union all select 9, 'license_bridge_credits', 'gauge', 'Balance as last read.', l.labels, l.balance::text from label l where l.balance is not null
union all select 10, 'license_bridge_credits_left_seconds', 'gauge', 'How long the credits last at the pace of 30 days.', l.labels, round(l.days_left * 86400)::text from label l where l.days_left is not null
union all select 11, 'license_bridge_account_paused', 'gauge', '1 while an account is paused.', l.labels, l.paused::int::text from label l
union all select 12, 'license_bridge_account_alarm', 'gauge', '1 while a balance moved without explanation.', l.labels, (l.alarm is not null)::int::text from label l
union all select 13, 'license_bridge_budget_left', 'gauge', 'Calls that a rationed endpoint still takes.',
       format('account="%s",endpoint="%s"', b.account, b.endpoint), sum(b.free)::text from ops.rate_budget b group by b.account, b.endpoint
union all select 14, 'license_bridge_workers', 'gauge', 'Workers seen within the last minute.', '', count(*) filter (where w.alive)::text from ops.worker_status w
union all select 15, 'license_bridge_worker_calls', 'gauge', 'Calls that living workers have on their way.', '', coalesce(sum(w.running) filter (where w.alive), 0)::text from ops.worker_status w
union all select 16, 'license_bridge_callbacks', 'gauge', 'Notices to the panels, by state.', format('state="%s"', s.state), count(c.callback_id)::text
from unnest(array['queued', 'dead']) s(state) left join ops.callbacks c on c.state = s.state and c.state <> 'sent' group by s.state
union all select 17, 'license_bridge_refused_deliveries', 'gauge', 'Deliveries refused within the last hour.', '', (count(*) + coalesce(sum(r.suppressed), 0))::text
from ops.refused_deliveries r where r.at > now() - interval '1 hour'
union all select 18, 'license_bridge_deliveries_total', 'counter', 'Deliveries stored: that made an order, and that came again under another id.',
       format('outcome="%s"', d.outcome), d.n::text
from orders, lateral (values ('accepted', accepted), ('repeated', deliveries - accepted)) d(outcome, n)
union all select 19, 'license_bridge_upstream_call_duration_seconds_bucket', 'histogram', 'How long calls took until their answer.',
       c.labels || format(',le="%s"', coalesce((b.ms / 1000.0)::float8::text, '+Inf')), c.durations[b.n]::text
from calls c, lateral unnest(c.bounds_ms || null::int) with ordinality b(ms, n)
union all select 19, 'license_bridge_upstream_call_duration_seconds_sum', 'histogram', 'How long calls took until their answer.', c.labels, (c.elapsed_ms / 1000.0)::numeric(20, 3)::text from calls c
union all select 19, 'license_bridge_upstream_call_duration_seconds_count', 'histogram', 'How long calls took until their answer.', c.labels, c.durations[cardinality(c.durations)]::text from calls c
order by rank, labels, family
