-- SPDX-License-Identifier: Apache-2.0
-- Keeps, for the session, where its next look at what is due begins (look_from): a little before p_reached, up to which
-- nothing is left, because what was due by then may be committed later; null: where this one began (p_from).  What
-- comes later still, or was somebody else's then, is found by a look at the whole: at most so often that it takes a
-- twentieth of the time, but each half second where that allows it, so that each poll makes one, and each ten seconds
-- in any case.
create or replace function bridge.look_ended(p_look text, p_from timestamptz, p_reached timestamptz)
returns void language plpgsql as $$
declare
  whole_at timestamptz := nullif(split_part(current_setting(p_look, true), '|', 2), '');
begin
  if p_from = '-infinity' then
    whole_at := clock_timestamp() + least(greatest(interval '500 ms', 20 * (clock_timestamp() - now())), interval '10 s');
  end if;
  perform set_config(p_look, greatest(p_from, p_reached - interval '250 ms') || '|' || whole_at, false);
end
$$;
