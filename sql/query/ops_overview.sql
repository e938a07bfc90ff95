-- Whether money or customers are at risk, in one row of documents (docs/ops-api.md).
with accounts as materialized (
  select * from ops.upstreams
), states as materialized (
  select * from ops.orders_by_state
)
select
  coalesce((select jsonb_agg(jsonb_build_object('state', s.state, 'orders', s.orders, 'oldest', bridge.utc(s.oldest))
                             order by s.state) from states s), '[]') as states,
  coalesce((select jsonb_agg(jsonb_build_object(
              'order_id', w.order_id::text, 'state', w.state, 'reason_code', w.reason_code, 'reason', w.reason,
              'source', w.source, 'service_id', w.service_id, 'type', w.type, 'account', w.account,
              'product_code', w.product_code, 'ip', w.ip, 'created_at', bridge.utc(w.created_at),
              'next_try_at', bridge.utc(w.next_try_at)) order by w.order_id)
            from (select * from ops.oldest_waiting order by order_id limit 10) w), '[]') as oldest_waiting,
  (select jsonb_build_object(
            'in_doubt', coalesce(sum(s.orders) filter (where s.state = 'in_doubt'), 0),
            'needs_review', coalesce(sum(s.orders) filter (where s.state = 'needs_review'), 0),
            'oldest', bridge.utc(min(s.oldest)))
   from states s where s.state in ('in_doubt', 'needs_review')) as doubts,
  coalesce((select jsonb_agg(to_jsonb(u) || jsonb_build_object(
              'balance', u.balance::text, 'waiting_credits', u.waiting_credits::text,
              'renewals_credits', u.renewals_credits::text, 'left_after', u.left_after::text,
              'spent_today', u.spent_today::text, 'spent_a_day', u.spent_a_day::text, 'days_left', u.days_left::text,
              'balance_at', bridge.utc(u.balance_at), 'alarm_at', bridge.utc(u.alarm_at),
              'unread_since', bridge.utc(u.unread_since)) order by u.account)
            from accounts u), '[]') as accounts,
  coalesce((select jsonb_agg(jsonb_build_object('window_id', d.window_id::text, 'account', d.account,
                                                'closed_at', bridge.utc(d.closed_at), 'unexplained', d.unexplained::text)
                             order by d.window_id desc)
            from (select * from ops.ledger_drift order by window_id desc limit 50) d where d.unexplained <> 0), '[]') as drift,
  coalesce((select jsonb_agg(jsonb_build_object('reason_code', f.reason_code, 'reason', f.reason, 'orders', f.orders,
                                                'last_at', bridge.utc(f.last_at), 'last_order', f.last_order::text)
                             order by f.orders desc) from ops.failure_reasons_24h f), '[]') as failures_24h,
  (select jsonb_agg(jsonb_build_object('hour', bridge.utc(h.hour), 'accepted', h.accepted, 'succeeded', h.succeeded,
                                       'failed', h.failed, 'cancelled', h.cancelled, 'calls', h.calls,
                                       'errors', h.errors, 'spent', h.spent::text) order by h.hour)
   from ops.activity_hourly h) as hours,
  coalesce((select jsonb_agg(jsonb_build_object('worker', w.worker, 'version', w.version,
                                                'started_at', bridge.utc(w.started_at), 'seen_at', bridge.utc(w.seen_at),
                                                'running', w.running, 'alive', w.alive) order by w.worker)
            from ops.worker_status w), '[]') as workers,
  (select jsonb_build_object('pending', count(*) filter (where c.state = 'queued'),
                             'dead', count(*) filter (where c.state = 'dead'))
   from ops.callbacks c where c.state <> 'sent') as callbacks,
  coalesce((select trim_scale(sum(u.spent_today)) from accounts u), 0) as spent_today,
  coalesce((select jsonb_agg(jsonb_build_object('severity', w.severity, 'kind', w.kind, 'subject', w.subject,
                                                'text', w.text) order by w.rank, w.subject)
            from (select o.* from ops.overview_warnings o where o.kind <> 'balance_low'
                  union all -- the accounts are known already
                  select 6, b.severity, 'balance_low', u.account, b.text
                  from accounts u cross join lateral bridge.balance_warning(u.account, u.left_after, u.days_left) b) w), '[]') as warnings
