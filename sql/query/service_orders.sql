-- The newest orders of one service with their attempts, for its panel.
-- $1 source  $2 service id  $3 most orders
select order_id, source, service_id, operation_key, type, state, reason, next_try_at, attempts,
       license, credits, created_at, updated_at, evidence
from bridge.service_orders($1, $2, $3::int)
