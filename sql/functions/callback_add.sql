-- SPDX-License-Identifier: Apache-2.0
-- Puts a notice to a source into the queue, in the transaction of what it tells.  p_lane: notices of one lane go out
-- in their order.  Touches: callback.
create or replace function bridge.callback_add(p_source text, p_lane text, p_order bigint, p_type text, p_data json)
returns void language sql as $$
  insert into bridge.callback (source, lane, order_id, type, payload)
  values (p_source, p_lane, p_order, p_type, json_build_object(
    'type', p_type, 'timestamp', to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'schema', 1, 'data', p_data)::text)
$$;
