-- SPDX-License-Identifier: Apache-2.0
-- An order's reason as a person reads it, but for what a rationed endpoint adds (bridge.order_reason); p_head: the head
-- of its line.  Plain enough for the planner to write it into the query that asks.
create or replace function bridge.order_reason_words(o bridge.orders, p_head bigint) returns text
language sql stable as $$
  select case when o.state = 'blocked' and o.reason_code in ('line', 'released')
              then format('waits for order %s of the same license', p_head)
              when o.state = 'queued' then coalesce(o.reason, 'waits for a worker')
              when o.state = 'calling' then coalesce(o.reason, 'the provider is being called')
              else o.reason end
$$;
