-- The existence probe has ended.
-- $1 worker  $2 order  $3 epoch of its lease  $4 it was answered: nothing of it comes late
select bridge.probe_give($1, $2::bigint, $3::bigint, $4::boolean) as done
