-- Whether the catalogue still says what every call of a window was booked at.
-- $1 window
select bridge.window_prices_hold($1::bigint) as hold
