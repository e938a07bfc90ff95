-- The first rows of one of the operators' views; no row: there is none of that name.
-- $1 name  $2 most rows
select $1::text as name, v.items from bridge.view_read($1::text, $2::int) v(items) where v.items is not null
