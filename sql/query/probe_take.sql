-- The existence probe is about to be asked by this worker alone; null: another one is at it.
-- $1 worker  $2 order  $3 lease in ms  $4 how long a late effect may come, in ms
select bridge.probe_take($1, $2::bigint, $3::bigint, $4::bigint) as epoch
