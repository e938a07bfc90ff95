-- What a window's confirmed calls would have cost at the catalogue's prices of now.
-- $1 window
select bridge.window_expected($1::bigint) as expected
