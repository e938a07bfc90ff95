-- Orders for the operators, newest first.
-- $1 state (null: all)  $2 only order ids below this (null: from the newest)  $3 most rows
select order_id, source, service_id, operation_key, type, state, reason, attempts, account, product_code,
       ip, credits, created_at, updated_at, run_at
from ops.orders
where ($1::text is null or state = $1) and ($2::bigint is null or order_id < $2::bigint)
order by order_id desc
limit $3::int
