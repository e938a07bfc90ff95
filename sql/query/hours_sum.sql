-- Brings the sums of hours up to date.
-- $1 most stretches of an hour or less
select bridge.hours_sum($1::int) as hours
