-- SPDX-License-Identifier: Apache-2.0
-- Tells an order's source where the order has come to, whoever moved it.  Deferred to the commit: by then the license
-- and the order show all that the move has changed, and the line is still locked, so that the notices of a license
-- are queued in the order of its moves.  Touches: callback.
create or replace function bridge.orders_told() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  r record;
begin
  if not exists (select from bridge.source s where s.source = new.source and s.callbacks) then
    return null;
  end if;
  -- A state that the same transaction has left again was nobody's to see.
  select * into r from bridge.order_read(new.order_id, new.source) o where o.state = new.state::text;
  if found then
    perform bridge.callback_add(new.source, 'service:' || new.service_id, new.order_id, 'order.' || r.state,
      json_build_object(
        'order_id', r.order_id::text, 'source', r.source, 'service_id', r.service_id, 'operation_key', r.operation_key,
        'type', r.type, 'state', r.state, 'reason', r.reason, 'attempts', r.attempts, 'credits', r.credits,
        'created_at', r.created_at, 'updated_at', r.updated_at,
        'next_try_at', to_char(r.next_try_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'license', r.license::json));
  end if;
  return null;
end
$$;
drop trigger if exists orders_told on bridge.orders;
create constraint trigger orders_told after update on bridge.orders deferrable initially deferred for each row
  when (old.state is distinct from new.state
        and new.state in ('succeeded', 'failed', 'cancelled', 'held', 'needs_review'))
  execute function bridge.orders_told();
drop trigger if exists orders_told_first on bridge.orders;
create constraint trigger orders_told_first after insert on bridge.orders deferrable initially deferred for each row
  when (new.state = 'held')
  execute function bridge.orders_told();
