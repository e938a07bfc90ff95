-- Leases lines with repeatable work of a rationed account, paid from the budgets of its endpoints.
-- $1 worker  $2 account  $3 most lines  $4 lease in ms  $5 egress  $6 order types text[], the more urgent first
-- $7 endpoints text[]  $8 requests bigint[]  $9 per, in ms bigint[]: one per type, null where there is no budget
select c.wait_ms, c.probe, (c.work).* from bridge.work_claim_rationed($1, $2, $3::int, $4::bigint, $5, $6, $7, $8, $9) c
