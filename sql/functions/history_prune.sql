-- SPDX-License-Identifier: Apache-2.0
-- Drops the months of the history tables that history_months(p_keep) gives free.  p_actor: who is written down for it.
-- Whoever writes must not wait, so it never stands in a queue for the tables: it looks for two seconds for a moment in
-- which nobody is there.  Without one it ends in an error of lock_not_available, and nothing was dropped.
-- Touches: event, attempt, order_history, refusal, operator_action.
create or replace function bridge.history_prune(p_actor text, p_keep int)
returns table (name text, month date, bytes bigint)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if p_keep is null or p_keep < 1 then
    raise exception 'at least one month is kept, not %', p_keep using errcode = 'invalid_parameter_value';
  end if;
  perform set_config('lock_timeout', '50ms', true);
  perform pg_advisory_xact_lock(hashtext('bridge.partitions'));
  if not exists (select from bridge.history_months(p_keep) m where m.kept is null) then
    return;
  end if;
  for n in 1 .. 40 loop
    begin
      lock table bridge.event, bridge.attempt, bridge.order_history, bridge.refusal in access exclusive mode nowait;
      exit;
    exception when lock_not_available then
      if n = 40 then
        raise;
      end if;
      perform pg_sleep(0.05);
    end;
  end loop;
  for name, month, bytes in
    select m.name, m.month, m.bytes from bridge.history_months(p_keep) m where m.kept is null
  loop
    execute format('drop table bridge.%I', name);
    perform bridge.operator_note(p_actor, 'history.prune', null, null, null,
                                 jsonb_build_object('table', name, 'bytes', bytes, 'months_kept', p_keep));
    return next;
  end loop;
end
$$;
grant execute on function bridge.history_prune to bridge_operator;
revoke execute on function bridge.history_prune from bridge_worker;
