-- Takes an account's lane and one line with paid work; the order is still queued.
-- $1 worker  $2 account  $3 lease in ms
select * from bridge.work_claim_paid($1, $2, $3::bigint)
