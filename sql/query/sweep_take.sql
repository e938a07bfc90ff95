-- Licenses to verify without being asked to.
-- $1 account  $2 most  $3 how often, in ms  $4 endpoint  $5 egress  $6 requests (null: no budget)  $7 per, in ms
-- $8 order types of the budget text[]
select license_id, epoch, license_key, customer_email, hwid, domain, ip, verification_type
from bridge.sweep_take($1, $2::int, $3::bigint, $4, $5, $6::int, $7::bigint, $8)
