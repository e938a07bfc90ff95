-- SPDX-License-Identifier: Apache-2.0
-- Whether an order fits what an operator looks for (each null: any).  Plain SQL without settings of its own, so that
-- the planner sees through it.
create or replace function bridge.order_fits(
  o bridge.orders, p_states bridge.order_state[], p_source text, p_service text, p_ip inet, p_license bigint,
  p_account text, p_type bridge.order_type, p_product text)
returns boolean language sql immutable as $$
  select (p_states is null or o.state = any (p_states)) and (p_source is null or o.source = p_source)
    and (p_service is null or o.service_id = p_service) and (p_ip is null or o.ip = p_ip or o.new_ip = p_ip)
    and (p_license is null or o.license_id = p_license) and (p_account is null or o.account = p_account)
    and (p_type is null or o.type = p_type) and (p_product is null or o.product_code = p_product)
$$;
