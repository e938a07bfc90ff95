-- The existence probe has ended.
-- $1 worker  $2 order  $3 it was answered for certain
select bridge.probe_end($1, $2::bigint, $3::boolean)
