-- Lets the key of an order settled as "did not happen" be used again.
-- $1 actor  $2 order  $3 reason
select bridge.operator_free_key($1, $2::bigint, $3) as done
