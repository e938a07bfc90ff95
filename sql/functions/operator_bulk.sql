-- SPDX-License-Identifier: Apache-2.0
-- Does to many orders what an operator may do to one, and says to how many.  An order whose state does not let it, or
-- whose license must still wait, stays as it is.  Touches: line (locked in everybody's order), and what
-- operator_retry, _hold, _release and _cancel touch.
create or replace function bridge.operator_bulk(p_actor text, p_action text, p_orders bigint[], p_reason text) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  id bigint;
  done boolean;
  changed int := 0;
begin
  if p_action not in ('retry', 'hold', 'release', 'cancel') then
    raise exception '% is nothing that is done to many orders', p_action using errcode = 'invalid_parameter_value';
  end if;
  perform from bridge.line l
  where l.license_id in (select o.license_id from bridge.orders o where o.order_id = any (p_orders))
  order by l.license_id for update;
  foreach id in array p_orders loop
    begin
      done := case p_action
        when 'retry' then bridge.operator_retry(p_actor, id, p_reason)
        when 'hold' then bridge.operator_hold(p_actor, id, p_reason)
        when 'release' then bridge.operator_release(p_actor, id, p_reason)
        when 'cancel' then bridge.operator_cancel(p_actor, id, p_reason)
      end;
    exception when object_not_in_prerequisite_state then
      done := false;
    end;
    changed := changed + done::int;
  end loop;
  return changed;
end
$$;
grant execute on function bridge.operator_bulk to bridge_operator;
