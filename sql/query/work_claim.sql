-- Leases lines with repeatable work and writes the intents of their calls.
-- $1 worker  $2 accounts text[]  $3 most lines  $4 lease in ms
select * from bridge.work_claim($1, $2, $3::int, $4::bigint)
