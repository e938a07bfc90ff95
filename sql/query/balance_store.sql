-- Keeps a balance as read.
-- $1 account  $2 balance  $3 sandbox
select bridge.balance_store($1, $2::numeric, $3::boolean)
