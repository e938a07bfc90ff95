-- Sums the hours that are over.
-- $1 most hours
select bridge.hours_sum($1::int) as hours
