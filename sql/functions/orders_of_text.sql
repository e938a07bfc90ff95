-- SPDX-License-Identifier: Apache-2.0
-- Orders that a customer may mean by a word: any number, key, address or name that stands on an invoice or in a panel.
-- Each way of reading it has an index of its own.  Touches: orders, license, delivery (read).
create or replace function bridge.orders_of_text(p_text text) returns setof bigint language plpgsql stable as $$
declare
  address inet;
begin
  if p_text ~ '^[0-9]{1,18}$' then
    return query select o.order_id from bridge.orders o where o.order_id = p_text::bigint;
  end if;
  if p_text ~ '^[0-9a-fA-F.:]{3,45}$' then
    begin
      address := p_text::inet;
      return query select i.id from bridge.orders_of_ip(address) i(id) join bridge.orders o on o.order_id = i.id
                   where o.ip = address or o.new_ip = address;
    exception when invalid_text_representation then
      null;
    end;
  end if;
  return query select bridge.orders_of_key(p_text);
  return query
    select o.order_id from bridge.orders o
    where o.license_id in (
      select l.license_id from bridge.license l where l.service_id = p_text
      union all
      select l.license_id from bridge.license l where l.upstream_license_id = p_text
      union all
      select l.license_id from bridge.account a join bridge.license l on l.account = a.account and l.license_key = p_text);
  return query select o.order_id from bridge.orders o where o.invoice_id = p_text;
  return query select o.order_id from bridge.orders o where o.panel_order_id = p_text;
  return query select o.order_id from bridge.orders o where lower(o.customer_email) = lower(p_text);
  return query select o.order_id from bridge.orders o where lower(o.domain) = lower(p_text);
end
$$;
