-- The orders that a filter finds in some states, newest first.
-- $1 filters, an object  $2 states, separated by commas  $3 no order id above this (0: any)  $4 most rows
select order_id from bridge.orders_match($1::jsonb, $2, $3::bigint, $4::int)
