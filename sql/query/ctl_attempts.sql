-- Every call made for an order, with its answer's bytes.
-- $1 order
select attempt, to_char(started_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as started_at, call, worker, sent,
       request, http_status, elapsed_ms, verdict, reason, answer, price, balance_before
from ops.attempts
where order_id = $1::bigint
order by attempt, started_at
