-- What an order is now.
-- $1 order
select order_id, state, reason_code, reason from ops.orders where order_id = $1::bigint
