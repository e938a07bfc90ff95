-- SPDX-License-Identifier: Apache-2.0
-- Lets the key of an order be used again that a person settled as "did not happen".  False: it is no such order, its
-- key is free already, or a later order has it.  Touches: orders, operator_action.
create or replace function bridge.operator_free_key(p_actor text, p_order bigint, p_reason text) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  o bridge.orders;
begin
  update bridge.orders set key_free = true, updated_at = now()
  where order_id = p_order and state = 'failed' and reason_code = 'resolved' and not key_free returning * into o;
  if not found then
    return false;
  end if;
  perform bridge.operator_note(p_actor, 'order.free_key', p_order, o.account, p_reason,
                               jsonb_build_object('source', o.source, 'operation_key', o.operation_key));
  return true;
end
$$;
grant execute on function bridge.operator_free_key to bridge_operator;
