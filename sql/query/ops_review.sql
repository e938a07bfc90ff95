-- The tray: what a person has to settle, oldest first, with what the balance says.
select order_id, type, source, service_id, account, product_code, upstream_type, ip, billing_months, reason_code, reason,
       unsettled, attempts, waiting_since, settle_at,
       greatest(0, ceil(extract(epoch from settle_at - now()) * 1000))::int as wait_ms, price, price_other, window_id,
       window_state, tainted, solo, window_opened_at, window_closed_at, balance_open, balance_close, confirmed, missing,
       doubts::int as doubts, doubts_price
from ops.review
order by waiting_since nulls first, order_id
