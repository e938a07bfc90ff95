-- SPDX-License-Identifier: Apache-2.0
-- Leases ripe notices, at most p_rooms of each of p_sources and p_most altogether.  A notice behind another of its
-- lane is put off to the time of that one, whose end brings it forward.  lost: whose lease had run out.
-- Touches: callback.
create or replace function bridge.callbacks_claim(p_worker text, p_sources text[], p_rooms bigint[], p_most int,
                                                  p_lease_ms bigint)
returns table (callback_id bigint, epoch bigint, source text, webhook_id text, type text, order_id bigint,
               payload text, attempts int, lost text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  s record;
  c bridge.callback;
  first_run timestamptz;
  taken int := 0;
  room int;
begin
  for s in select u.name, u.room from unnest(p_sources, p_rooms) as u(name, room) loop
    room := least(s.room, p_most - taken);
    continue when room <= 0;
    for c in
      select * from bridge.callback n where n.source = s.name and n.state = 'queued' and n.run_at <= now()
      order by n.run_at, n.callback_id limit 500 for update skip locked
    loop
      -- A statement of its own: it sees how the one in front has ended by now.
      select n.run_at into first_run from bridge.callback n
      where n.source = c.source and n.lane = c.lane and n.state = 'queued' and n.callback_id < c.callback_id
      order by n.callback_id limit 1;
      if found then
        update bridge.callback n set run_at = greatest(first_run, now() + interval '1 second')
        where n.callback_id = c.callback_id;
        continue;
      end if;
      update bridge.callback n
      set lease_owner = p_worker, epoch = n.epoch + 1, run_at = now() + p_lease_ms * interval '1 ms'
      where n.callback_id = c.callback_id;
      callback_id := c.callback_id;
      epoch := c.epoch + 1;
      source := c.source;
      webhook_id := c.webhook_id;
      type := c.type;
      order_id := c.order_id;
      payload := c.payload;
      attempts := c.attempts;
      lost := c.lease_owner;
      return next;
      taken := taken + 1;
      room := room - 1;
      exit when room = 0;
    end loop;
  end loop;
end
$$;
grant execute on function bridge.callbacks_claim to bridge_worker;
