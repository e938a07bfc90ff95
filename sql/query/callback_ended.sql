-- A try of a notice has ended.
-- $1 callback  $2 epoch  $3 sent  $4 HTTP status  $5 what went wrong  $6 ms until the next try; null: none
select bridge.callback_ended($1::bigint, $2::bigint, $3::boolean, $4::int, $5, $6::bigint) as state
