-- Takes over lines whose lease has run out.
-- $1 most lines
select order_id, from_worker, state from bridge.work_takeover($1::int)
