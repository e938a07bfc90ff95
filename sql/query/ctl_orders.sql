-- Orders that fit, newest first, and from where a page that found fewer may go on (next).
-- $1 filters, an object as of the API's /orders  $2 only order ids below this (null: from the newest)  $3 most rows
select f.next, o.order_id, o.source, o.service_id, o.type, o.state, o.account, o.product_code, o.ip, o.attempts,
       o.credits, o.reason, to_char(o.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as created_at
from bridge.orders_find($1::jsonb, $2::bigint, $3::int) f
left join ops.orders o on o.order_id = f.order_id
order by f.order_id desc
