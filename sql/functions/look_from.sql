-- SPDX-License-Identifier: Apache-2.0
-- From where on a session's next look at what is due has to read: before it, all is taken, or somebody else's.
-- Entries of rows that changed long ago stay at the front of an index for as long as an old snapshot is open, and
-- each look would read them all.  -infinity: the whole, because it is time to (look_ended), or the clock was set back.
-- p_look: the name of a setting of the session, bridge.look_….
create or replace function bridge.look_from(p_look text) returns timestamptz language plpgsql stable as $$
declare
  kept constant text[] := string_to_array(current_setting(p_look, true), '|'); -- where to begin, when to look at the whole
begin
  return case when clock_timestamp() between kept[1]::timestamptz and kept[2]::timestamptz then kept[1]::timestamptz
              else '-infinity' end;
end
$$;
