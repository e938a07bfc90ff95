-- Acknowledged deliveries, those of the newest orders first.
-- $1 source  $2 order  $3 webhook-id (null: any)  $4 only orders below this  $5 most rows (more where one order has more)
select received_at, source, delivery_id, order_id, repeated,
       case when count(*) over () >= $5::int then min(order_id) over () end as next
from bridge.deliveries_find($1, $2::bigint, $3, $4::bigint, $5::int)
order by order_id desc, received_at desc
