-- SPDX-License-Identifier: Apache-2.0
-- Forgets who a service belonged to: names, addresses of mail and machines, the bytes of its deliveries, of its calls
-- and of notices about it.  Orders, keys, prices and what a license runs on stay: they are how nothing is bought
-- twice.  Says 'ok', 'unknown', or 'busy' while an order of the service is not finished.
-- Touches: line (locked), orders, event, attempt, callback, operator_action.
create or replace function bridge.operator_forget(p_actor text, p_source text, p_service text, p_reason text)
returns table (outcome text, orders bigint)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  ids bigint[];
begin
  perform from bridge.line l
  where l.license_id in (select c.license_id from bridge.license c where c.source = p_source and c.service_id = p_service)
  order by l.license_id for update;
  select array_agg(o.order_id) into ids from bridge.orders o where o.source = p_source and o.service_id = p_service;
  if ids is null then
    return query select 'unknown', 0::bigint;
    return;
  elsif exists (select from bridge.orders o
                where o.order_id = any (ids) and (o.state not in ('succeeded', 'failed', 'cancelled')) is true) then
    return query select 'busy', cardinality(ids)::bigint;
    return;
  end if;
  update bridge.orders o set customer_email = null, domain = null, hwid = null, machine_name = null, os_info = null,
    panel_order_id = null
  where o.order_id = any (ids);
  update bridge.event e set body = convert_to('{"forgotten":true}', 'UTF8'), address = null where e.order_id = any (ids);
  update bridge.attempt a set request = null, answer = null where a.order_id = any (ids);
  delete from bridge.callback c where c.order_id = any (ids) and c.state = 'sent';
  perform bridge.operator_note(p_actor, 'service.forget', null, null, p_reason,
                               jsonb_build_object('source', p_source, 'orders', cardinality(ids)));
  return query select 'ok', cardinality(ids)::bigint;
end
$$;
grant execute on function bridge.operator_forget to bridge_operator;
