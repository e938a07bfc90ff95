-- Takes calls of a rationed endpoint for what is no order in line.
-- $1 account  $2 endpoint  $3 egress  $4 requests  $5 per, in ms  $6 order types text[]  $7 wanted  $8 left to others
-- $9 how long a probe is waited for, in ms
select granted, probe, wait_ms from bridge.budget_take($1, $2, $3, $4::int, $5::bigint, $6, $7::int, $8::int, $9::bigint)
