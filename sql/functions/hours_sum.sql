-- SPDX-License-Identifier: Apache-2.0
-- Brings the sums of hours up to date, at most p_most stretches of an hour or less; says how many it was.  One session at
-- a time; every few seconds is right, and more often does nothing.
--
-- Rows bear the time at which their transaction began and appear when it commits.  So a sum ends at a mark that was set
-- at a former call, and is taken when every transaction that may have begun before the mark is over: nothing can come
-- late.  The order ids given away before the mark are noted before its time, so that no order accepted after the mark
-- has one of them.  Orders are made within seconds, so an hour on all ids belong to later ones.  Touches: summed, due, due_change and what hours_add touches.
create or replace function bridge.hours_sum(p_most int) returns int language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
declare
  s bridge.summed;
  upto timestamptz;
  n int := 0;
begin
  select * into s from bridge.summed for update skip locked;
  if not found or s.mark > clock_timestamp() - interval '1 second' then
    return 0;
  end if;
  perform bridge.due_fold();
  if s.mark is not null then
    s.running := bridge.summed_running(s.mark, s.running);
    if s.running <> '{}' then
      update bridge.summed set running = s.running;
      return 0;
    end if;
    s.until := coalesce(s.until, bridge.summed_first(s.mark));
    while n < p_most and s.until < s.mark loop
      upto := least(s.mark, date_trunc('hour', s.until, 'UTC') + interval '1 hour');
      perform bridge.hours_add(s.until, upto, s.last_order, bridge.order_since(s.last_order, upto + interval '1 hour'));
      s.last_order := least(s.mark_order, bridge.order_since(s.last_order, upto) - 1);
      s.until := upto;
      n := n + 1;
    end loop;
  end if;
  if s.until is null or s.until >= s.mark then
    select case when q.is_called then q.last_value else q.last_value - 1 end into s.mark_order from bridge.order_id_seq q;
    s.mark := clock_timestamp();
    s.running := null;
  end if;
  update bridge.summed
  set until = s.until, last_order = s.last_order, mark = s.mark, mark_order = s.mark_order, running = s.running;
  return n;
end
$$;
grant execute on function bridge.hours_sum to bridge_worker;
