-- Closes a window's admission.
-- $1 account  $2 window
select bridge.window_close($1, $2::bigint) as done
