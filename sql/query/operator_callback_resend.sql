-- Sends a notice again, or all dead letters of a source.
-- $1 actor  $2 callback; null: all  $3 source  $4 reason
select bridge.operator_callback_resend($1, $2::bigint, $3, $4) as resent
