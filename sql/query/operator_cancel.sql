-- Ends an order that has not begun.
-- $1 actor  $2 order  $3 reason
select bridge.operator_cancel($1, $2::bigint, $3) as done
