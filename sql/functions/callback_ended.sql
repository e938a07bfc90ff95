-- SPDX-License-Identifier: Apache-2.0
-- A try has ended: p_sent, or another one in p_wait_ms, or with p_wait_ms null none (a dead letter).  Counts only for
-- the lease that p_epoch names.  Says the state; null: the lease was another's meanwhile.  Touches: callback.
create or replace function bridge.callback_ended(p_callback bigint, p_epoch bigint, p_sent boolean, p_status int,
                                                 p_error text, p_wait_ms bigint)
returns text language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  c bridge.callback;
begin
  update bridge.callback
  set attempts = attempts + 1, lease_owner = null, last_status = p_status, last_error = p_error,
      state = case when p_sent then 'sent' when p_wait_ms is null then 'dead' else 'queued' end,
      run_at = now() + coalesce(p_wait_ms, 0) * interval '1 ms',
      finished_at = case when p_sent or p_wait_ms is null then now() end
  where callback_id = p_callback and state = 'queued' and epoch = p_epoch and lease_owner is not null
  returning * into c;
  if c.state <> 'queued' then
    perform bridge.callback_wake(c.source, c.lane);
  end if;
  return c.state;
end
$$;
grant execute on function bridge.callback_ended to bridge_worker;
