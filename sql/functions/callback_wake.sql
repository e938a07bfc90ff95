-- SPDX-License-Identifier: Apache-2.0
-- Makes the first waiting notice of a lane ripe, now that the one before it has ended.  Touches: callback.
create or replace function bridge.callback_wake(p_source text, p_lane text) returns void language sql as $$
  update bridge.callback set run_at = now()
  where callback_id = (select min(n.callback_id) from bridge.callback n
                       where n.source = p_source and n.lane = p_lane and n.state = 'queued')
    and state = 'queued' and lease_owner is null and run_at > now()
$$;
