-- SPDX-License-Identifier: Apache-2.0
-- The first order above an id that was accepted at a time or later; none: an id that no order will reach.  The planner
-- must go up the ids: it cannot know that they follow the time.  Touches: orders (read).
create or replace function bridge.order_since(p_after bigint, p_at timestamptz) returns bigint
language plpgsql stable as $$
declare
  o record;
begin
  for o in select x.order_id, x.created_at from bridge.orders x where x.order_id > p_after order by x.order_id loop
    if o.created_at >= p_at then
      return o.order_id;
    end if;
  end loop;
  return 9223372036854775807;
end
$$;
