-- Books credits that were bought outside.
-- $1 actor  $2 account  $3 credits  $4 reason
select bridge.operator_topup($1, $2, $3::numeric, $4) as done
