-- SPDX-License-Identifier: Apache-2.0
-- Forgets notices that were sent longer ago than p_days.  Dead letters stay.  Touches: callback.
create or replace function bridge.callbacks_prune(p_days int) returns bigint
language sql security definer set search_path = pg_catalog, pg_temp as $$
  with gone as (
    delete from bridge.callback where state = 'sent' and finished_at < now() - p_days * interval '1 day' returning 1
  )
  select count(*) from gone
$$;
grant execute on function bridge.callbacks_prune to bridge_worker;
