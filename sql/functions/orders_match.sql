-- SPDX-License-Identifier: Apache-2.0
-- All orders that a filter (as in orders_find) finds in some states, newest first, at most p_limit.  p_states: with
-- commas; the filter's own states are narrowed to them.  p_up_to: no order id above it (0: any).
-- Touches: what orders_find touches (read).
create or replace function bridge.orders_match(p_filter jsonb, p_states text, p_up_to bigint, p_limit int)
returns table (order_id bigint)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  states text;
  page record;
  before bigint := case when p_up_to > 0 then p_up_to + 1 end;
  further bigint;
  found_count int := 0;
begin
  select string_agg(s, ',') into states from unnest(string_to_array(p_states, ',')) s
  where not p_filter ? 'state' or s = any (string_to_array(p_filter ->> 'state', ','));
  if states is null then
    return;
  end if;
  loop
    further := null;
    for page in
      select f.order_id as id, f.next as next
      from bridge.orders_find(p_filter || jsonb_build_object('state', states), before, 1000) f
    loop
      further := page.next;
      if page.id is not null and found_count < p_limit then
        order_id := page.id;
        found_count := found_count + 1;
        return next;
      end if;
    end loop;
    exit when further is null or found_count >= p_limit;
    before := further;
  end loop;
end
$$;
grant execute on function bridge.orders_match to bridge_ops;
