-- A page of orders that fit, newest first.
-- $1 filters, an object (docs/ops-api.md)  $2 only order ids below this (null: from the newest)  $3 most rows
select f.next, o.order_id, o.source, o.service_id, o.operation_key, o.type, o.state, o.reason_code, o.reason, o.attempts,
       o.doubted, o.account, o.product_code, o.ip, o.new_ip, o.license_id, o.credits, o.price, o.created_at, o.updated_at,
       o.finished_at, o.run_at as next_try_at
from bridge.orders_find($1::jsonb, $2::bigint, $3::int) f
left join ops.orders o on o.order_id = f.order_id
order by f.order_id desc
