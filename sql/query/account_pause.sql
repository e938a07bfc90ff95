-- Stops an account.
-- $1 account  $2 reason
select bridge.account_pause($1, $2)
