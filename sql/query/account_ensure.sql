-- Makes the accounts of the configuration known to the database.
-- $1 names text[]  $2 providers text[]  $3 quiet times in ms bigint[], one per name
select bridge.account_ensure($1, $2, $3)
