-- One order for GET /v1/orders/{id}; no row when there is none or it belongs to another source.
-- $1 order_id  $2 source (null: any)
select order_id, source, service_id, operation_key, type, state, reason, next_try_at, attempts,
       license, credits, created_at, updated_at
from bridge.order_read($1::bigint, $2)
