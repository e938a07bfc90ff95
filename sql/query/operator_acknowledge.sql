-- A person has looked at an account's alarm.
-- $1 actor  $2 account  $3 reason
select bridge.operator_acknowledge($1, $2, $3) as done
