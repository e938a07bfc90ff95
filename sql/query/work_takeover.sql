-- Takes over lines whose lease has run out.
-- $1 most lines  $2 accounts text[]  $3 their quiet times in ms, bigint[]
select order_id, from_worker, state from bridge.work_takeover($1::int, $2, $3)
