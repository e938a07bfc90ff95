-- The balance could not be read; says how long that has gone on.
-- $1 account  $2 failures so many ms apart are two spells  $3 tell the operators after so many ms
select bridge.balance_unreadable($1, $2::bigint, $3::bigint) as spell_ms
