-- Settles and shuts a window under the version at which the balance was read.
-- $1 account  $2 version  $3 balance  $4 sandbox  $5 orders int8[]  $6 fates text[]  $7 costs text[]
-- $8 evidence policy  $9 why not everything is clear  $10 alarm  $11 learned cost
-- $12 rise  $13 open the next window with this balance  $14 most calls in flight
select bridge.window_settle($1, $2::bigint, $3::numeric, $4::boolean, $5, $6, $7::text[]::numeric[], $8::boolean, $9, $10,
                            $11::numeric, $12::numeric, $13::boolean, $14::int) as done
