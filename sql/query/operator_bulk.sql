-- One action on many orders, each as if it were done alone.
-- $1 actor  $2 retry, hold, release or cancel  $3 order ids bigint[]  $4 reason
select bridge.operator_bulk($1, $2, $3, $4) as changed
