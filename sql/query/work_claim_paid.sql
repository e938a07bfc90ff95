-- Leases lines with paid work while the account's window is open; the orders are still queued.
-- $1 worker  $2 account  $3 most lines  $4 lease in ms
select * from bridge.work_claim_paid($1, $2, $3::int, $4::bigint)
