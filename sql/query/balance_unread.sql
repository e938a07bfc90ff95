-- The balance could not be read.
-- $1 account
select bridge.balance_unread($1)
