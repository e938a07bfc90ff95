-- Keeps an order from being begun.
-- $1 actor  $2 order  $3 reason
select bridge.operator_hold($1, $2::bigint, $3) as done
