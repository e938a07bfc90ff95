-- The existence probe has found what a doubtful create was to buy.
-- $1 order  $2 attempt
select bridge.window_probed($1::bigint, $2::int) as done
