-- One order with all that happened to it.
-- $1 order
select o.order_id, o.source, o.service_id, o.operation_key, o.type, o.state, o.reason_code, o.reason, o.attempts, o.doubted,
       o.provider, o.account, o.product_code, o.upstream_type, o.ip, o.new_ip, o.billing_months, o.period_end,
       o.sequence, o.license_id, o.upstream_license_id, o.panel_order_id, o.invoice_id, o.invoice_item_id, o.price,
       o.credits, o.created_at, o.updated_at, o.finished_at, o.run_at as next_try_at,
       (select to_jsonb(r) from (
          select license_id::text, status, product_code, upstream_type, ip, license_key, upstream_license_id, period_end,
                 bridge.utc(expires_at) as expires_at
          from ops.licenses l where l.license_id = o.license_id) r) as license,
       (select to_jsonb(r) from (
          select order_id::text, reason_code, reason, unsettled, attempts, bridge.utc(waiting_since) as waiting_since,
                 bridge.utc(settle_at) as settle_at,
                 greatest(0, ceil(extract(epoch from settle_at - now()) * 1000))::int as wait_ms, price::text,
                 price_other::text, window_id::text, window_state, tainted, solo,
                 bridge.utc(window_opened_at) as window_opened_at, bridge.utc(window_closed_at) as window_closed_at,
                 balance_open::text, balance_close::text, confirmed::text, missing::text, doubts, doubts_price::text
          from ops.review v where v.order_id = o.order_id) r) as review,
       bridge.order_actions(o.order_id) as actions,
       bridge.order_timeline(o.order_id) as timeline
from ops.orders o
where o.order_id = $1::bigint
