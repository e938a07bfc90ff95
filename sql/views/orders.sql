-- SPDX-License-Identifier: Apache-2.0
-- What has not ended and what has no reason of its own is told why when asked.
create or replace view ops.orders as
  select o.order_id, o.source, o.service_id, o.operation_key, o.type::text as type, o.state::text as state,
         o.reason_code,
         coalesce(case when o.state not in ('queued', 'blocked', 'calling') then o.reason end, bridge.order_reason(o)) as reason,
         o.attempts, o.doubted, o.provider, o.account, o.product_code, o.upstream_type,
         host(o.ip) as ip, host(o.new_ip) as new_ip, o.billing_months, o.period_end, o.sequence, o.license_id,
         o.upstream_license_id, o.panel_order_id, o.invoice_id, o.invoice_item_id, trim_scale(o.price) as price,
         trim_scale(o.credits) as credits, o.next_try_at as run_at, o.created_at, o.updated_at, o.finished_at
  from bridge.orders o;
comment on view ops.orders is 'Every order; one row each';
grant select on ops.orders to bridge_ops;
