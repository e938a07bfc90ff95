-- Whether it is this worker's turn to read an account's catalogue.
-- $1 account  $2 how often, in ms
select bridge.catalogue_take($1, $2::bigint) as taken
