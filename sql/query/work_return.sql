-- Gives a leased paid order back before any call.
-- $1 order  $2 epoch  $3 new state ('queued' or 'held')  $4 reason code  $5 reason  $6 wait ms  $7 price
select bridge.work_return($1::bigint, $2::bigint, $3::bridge.order_state, $4, $5, $6::bigint, $7::numeric) as done
