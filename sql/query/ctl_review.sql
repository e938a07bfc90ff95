-- What an order in the tray is about, with what the balance says.
-- $1 order  $2 quiet time of its account in ms
select order_id, reason, reason_code, unsettled, type, source, service_id, account, product_code, upstream_type, ip,
       billing_months, price, price_other, attempts, window_id, window_state, tainted, solo, balance_open, balance_close,
       confirmed, missing, doubts, doubts_price,
       to_char(waiting_since at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as waiting_since,
       to_char(deadline at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as deadline,
       greatest(0, ceil(extract(epoch from deadline + $2::bigint * interval '1 ms' - now()) * 1000))::bigint as wait_ms
from ops.review
where order_id = $1::bigint
