-- Leases ripe notices.
-- $1 worker  $2 sources  $3 most of each  $4 most altogether  $5 lease in ms
select callback_id, epoch, source, webhook_id, type, order_id, payload, attempts, lost
from bridge.callbacks_claim($1, $2, $3, $4::int, $5::bigint)
