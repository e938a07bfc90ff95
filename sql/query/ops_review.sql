-- A page of the tray: what a person has to settle, oldest first, with what the balance says.
-- $1 only orders after this one (null: from the oldest)  $2 most rows
select r.order_id, r.type, r.source, r.service_id, r.account, r.product_code, r.upstream_type, r.ip, r.billing_months,
       r.reason_code, r.reason, r.unsettled, r.attempts, r.waiting_since, r.settle_at,
       greatest(0, ceil(extract(epoch from r.settle_at - now()) * 1000))::int as wait_ms, r.price, r.price_other, r.window_id,
       r.window_state, r.tainted, r.solo, r.window_opened_at, r.window_closed_at, r.balance_open, r.balance_close, r.confirmed,
       r.missing, r.doubts::int as doubts, r.doubts_price,
       case when count(*) over () = $2::int then max(r.order_id) over () end as next
from (
  select * from ops.review where $1::text is null or order_id > $1::bigint order by order_id limit $2::int
) r
order by r.order_id
