-- SPDX-License-Identifier: Apache-2.0
-- Sends a notice again with a whole schedule in front of it, or with p_callback null all dead letters of p_source.
-- One that waits is due now.  Says how many; none where a worker has it just now.
-- Touches: callback, operator_action.
create or replace function bridge.operator_callback_resend(p_actor text, p_callback bigint, p_source text, p_reason text)
returns bigint language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  ids bigint[];
begin
  with again as (
    update bridge.callback
    set state = 'queued', attempts = 0, run_at = now(), finished_at = null
    where lease_owner is null
      and (callback_id = p_callback or (p_callback is null and source = p_source and state = 'dead'))
    returning callback_id
  )
  select array_agg(callback_id order by callback_id) into ids from again;
  if ids is null then
    return 0;
  end if;
  perform bridge.operator_note(p_actor, 'callback.resend', (select order_id from bridge.callback
                                                            where callback_id = p_callback), null, p_reason,
                               jsonb_build_object('callbacks', ids[1:100], 'count', cardinality(ids)));
  return cardinality(ids);
end
$$;
grant execute on function bridge.operator_callback_resend to bridge_operator;
