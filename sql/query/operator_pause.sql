-- Stops an account by hand.
-- $1 actor  $2 account  $3 reason
select bridge.operator_pause($1, $2, $3) as done
