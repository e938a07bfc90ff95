-- Opens a window under the version at which the balance was read; window_id is null when something has changed.
-- $1 account  $2 version  $3 balance (null: it cannot be read)  $4 sandbox  $5 most calls in flight
select bridge.window_open($1, $2::bigint, $3::numeric, $4::boolean, $5::int) as window_id
