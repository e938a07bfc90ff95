-- Lets orders go on whose price has come within their limits.
-- $1 products text[]  $2 most credits of a month text[] (null: no limit)
select bridge.guards_release($1, $2) as woken
