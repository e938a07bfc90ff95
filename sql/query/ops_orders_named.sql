-- Some orders, newest first.
-- $1 order ids bigint[]
select o.order_id, o.source, o.service_id, o.operation_key, o.type, o.state, o.reason_code, o.reason, o.attempts,
       o.doubted, o.account, o.product_code, o.ip, o.new_ip, o.license_id, o.credits, o.price, o.created_at, o.updated_at,
       o.finished_at, o.run_at as next_try_at
from ops.orders o
where o.order_id = any ($1)
order by o.order_id desc
