-- Lets an account go on.
-- $1 actor  $2 account  $3 reason
select bridge.operator_resume($1, $2, $3) as done
