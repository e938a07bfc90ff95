-- The provider asked for fewer calls.
-- $1 account  $2 endpoint  $3 egress  $4 Retry-After in ms (null: not told)  $5 how long the call took, in ms
select bridge.budget_cool($1, $2, $3, $4::bigint, $5::bigint) as rest_ms
