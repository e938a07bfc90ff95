-- Writes the intent of a paid call; attempt is null when the turn was lost.
-- $1 worker  $2 order  $3 epoch  $4 lease in ms  $5 price  $6 balance
select bridge.work_begin($1, $2::bigint, $3::bigint, $4::bigint, $5::numeric, $6::numeric) as attempt
