-- Keeps a whole catalogue.
-- $1 account  $2 types text[]  $3 names text[]  $4 prices text[]  $5 visible bool[]  $6 configured types text[]
select bridge.product_sync($1, $2, $3, $4, $5, $6) as changed
