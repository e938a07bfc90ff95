-- The last question before the first byte of a paid call.
-- $1 order  $2 attempt  $3 epoch  $4 call timeout in ms
select bridge.work_fence($1::bigint, $2::int, $3::bigint, $4::bigint) as go
