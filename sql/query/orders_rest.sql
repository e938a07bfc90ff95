-- Which of the orders that panels wait for are at rest.
-- $1 order ids bigint[]  $2 those of them that are asked about whatever their state bigint[]
select order_id, state, reason from bridge.orders_rest($1, $2)
