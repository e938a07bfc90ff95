-- Makes the accounts of the configuration known to the database.
-- $1 names text[]  $2 providers text[], one per name
select bridge.account_ensure($1, $2)
