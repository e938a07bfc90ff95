-- Makes a queued order due now.
-- $1 actor  $2 order  $3 reason
select bridge.operator_retry($1, $2::bigint, $3) as done
