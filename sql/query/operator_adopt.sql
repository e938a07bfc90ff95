-- Takes a batch of licenses over that exist upstream: rows of idx, outcome, field, problem.
-- $1 actor  $2 only say what would be done  $3 sources  $4 services  $5 product codes  $6 providers  $7 accounts
-- $8 upstream types  $9 addresses  $10 license keys  $11 upstream ids  $12 ends of the periods  $13 states, all text[]
select idx, outcome, field, problem from bridge.operator_adopt($1, $2::boolean, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
order by idx
