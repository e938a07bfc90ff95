-- All that happened to one order, in its order.
-- $1 order
select to_char(t.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at, t.what, t.detail
from (
  select d.received_at as at, 1 as rank, 'delivery' as what, d.delivery_id as detail
  from ops.deliveries d where d.order_id = $1::bigint
  union all
  select a.started_at, 2, 'call ' || a.attempt, concat_ws(' ', coalesce(a.request, a.call), 'price ' || a.price,
                                                        'balance ' || a.balance_before, 'by ' || a.worker)
  from ops.attempts a where a.order_id = $1::bigint
  union all
  select coalesce(a.late_at, a.finished_at), 3, 'answer ' || a.attempt,
         concat_ws(' ', a.verdict, 'status ' || a.http_status, a.elapsed_ms || ' ms', a.reason, a.answer)
  from ops.attempts a where a.order_id = $1::bigint and a.finished_at is not null
  union all
  select h.at, 4, h.from_state || ' to ' || h.to_state, coalesce(h.reason, h.reason_code)
  from ops.order_history h where h.order_id = $1::bigint
  union all
  select o.at, 5, o.action, concat_ws(': ', o.actor, o.reason)
  from ops.operator_actions o where o.order_id = $1::bigint
  union all
  select c.created_at, 6, 'notice ' || c.callback_id,
         concat_ws(' ', c.type, c.state, 'tries ' || c.attempts, 'status ' || c.last_status, c.last_error)
  from ops.callbacks c where c.order_id = $1::bigint
) t
order by t.at, t.rank
