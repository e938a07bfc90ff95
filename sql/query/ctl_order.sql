-- One order's facts.
-- $1 order
select order_id, source, service_id, operation_key, type, state, reason_code, reason, attempts, doubted, provider,
       account, product_code, upstream_type, ip, new_ip, billing_months, period_end, sequence, license_id,
       upstream_license_id, panel_order_id, invoice_id, invoice_item_id, price, credits,
       to_char(run_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as next_try_at,
       to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as created_at,
       to_char(finished_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as finished_at
from ops.orders
where order_id = $1::bigint
