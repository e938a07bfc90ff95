-- SPDX-License-Identifier: Apache-2.0
-- Stores the ordinary orders of a batch with their deliveries and bytes: claimable where p_head is null, otherwise
-- waiting behind it.  A unique violation: another batch has just stored one of the deliveries or keys.
-- p_places: which; p_license to p_head: by place.  The other arrays as in sql/query/intake_accept.sql.
-- Touches: delivery, orders, event.
create or replace function bridge.intake_orders(
  p_places int[], p_license bigint[], p_orders bigint[], p_position bigint[], p_order_sequence bigint[], p_head bigint[],
  p_source text[], p_delivery_id text[], p_digest bytea[], p_body bytea[], p_address text[], p_type text[],
  p_operation_key text[], p_fingerprint bytea[], p_service_id text[], p_provider text[], p_account text[],
  p_product_code text[], p_upstream_type text[], p_new_product_code text[], p_new_upstream_type text[],
  p_recycled text[], p_paid boolean[], p_ip text[], p_new_ip text[],
  p_billing_months bigint[], p_period_end text[], p_license_key text[], p_customer_email text[], p_domain text[],
  p_hwid text[], p_machine_name text[], p_os_info text[], p_verification_type text[], p_sequence bigint[],
  p_cause text[], p_max_credits text[], p_panel_order_id text[], p_invoice_id text[], p_invoice_item_id text[],
  p_event_ms bigint[])
returns void language plpgsql as $$
begin
  insert into bridge.delivery (source, delivery_id, digest, order_id)
  select p_source[i], p_delivery_id[i], p_digest[i], p_orders[i] from unnest(p_places) i
  order by 1, 2;
  insert into bridge.orders (
    order_id, license_id, source, operation_key, fingerprint, type, paid, provider, account, service_id, product_code,
    upstream_type, new_product_code, new_upstream_type, recycled, ip, new_ip, billing_months, period_end, license_key,
    customer_email, domain, hwid, machine_name,
    os_info, verification_type, sequence, order_sequence, position, cause, max_credits, panel_order_id, invoice_id,
    invoice_item_id, event_at, state, reason_code, next_try_at)
  select p_orders[i], p_license[i], p_source[i], p_operation_key[i], p_fingerprint[i], p_type[i]::bridge.order_type,
         p_paid[i], p_provider[i], p_account[i], p_service_id[i], p_product_code[i], p_upstream_type[i],
         p_new_product_code[i], p_new_upstream_type[i], p_recycled[i], p_ip[i]::inet, p_new_ip[i]::inet,
         nullif(p_billing_months[i], 0), p_period_end[i]::date, p_license_key[i], p_customer_email[i],
         p_domain[i], p_hwid[i], p_machine_name[i], p_os_info[i], p_verification_type[i], p_sequence[i],
         p_order_sequence[i], p_position[i], p_cause[i], p_max_credits[i]::numeric, p_panel_order_id[i],
         p_invoice_id[i], p_invoice_item_id[i], to_timestamp(p_event_ms[i]::float8 / 1000),
         case when p_head[i] is null then 'queued' else 'blocked' end::bridge.order_state,
         case when p_head[i] is not null then 'line' end, case when p_head[i] is null then now() end
  from unnest(p_places) i
  order by p_source[i], p_operation_key[i];
  insert into bridge.event (order_id, source, delivery_id, address, body)
  select p_orders[i], p_source[i], p_delivery_id[i], p_address[i], p_body[i] from unnest(p_places) i;
end
$$;
