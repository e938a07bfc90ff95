-- A probe was answered.
-- $1 account  $2 endpoint  $3 egress
select bridge.budget_ease($1, $2, $3)
