-- A worker's sign of life.
-- $1 worker  $2 version  $3 calls running
select bridge.worker_seen($1, $2, $3::int)
