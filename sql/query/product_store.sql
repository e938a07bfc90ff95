-- Keeps catalogue rows as read.
-- $1 account  $2 types text[]  $3 names text[]  $4 prices text[]  $5 visible bool[]
select bridge.product_store($1, $2, $3, $4, $5)
