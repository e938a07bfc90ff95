-- Writes the intent of a paid call inside the open window.
-- $1 worker  $2 order  $3 epoch  $4 lease in ms  $5 the catalogue's price of a month  $6 most calls in flight
-- $7 most calls in a window  $8 longest window in ms
select attempt, code, price
from bridge.work_begin($1, $2::bigint, $3::bigint, $4::bigint, $5::numeric, $6::int, $7::int, $8::bigint)
