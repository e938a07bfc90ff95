-- SPDX-License-Identifier: Apache-2.0
-- A worker's sign of life.  The first one after a minute without any is remembered for each account, and ends the
-- windows that are open: for all that the database knows it may have slept for days, and what comes now must not be
-- bought before the balance was read.  Touches: worker, account, spending_window.
create or replace function bridge.worker_seen(p_worker text, p_version text, p_running int) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from bridge.worker w where w.seen_at > now() - interval '1 minute') then
    update bridge.account
    set awake_since = now(), version = version + 1,
        window_state = case window_state when 'open' then 'drain' else window_state end
    where account in (select a.account from bridge.account a order by a.account for no key update);
    update bridge.spending_window w set state = 'drain'
    from bridge.account a where a.window_id = w.window_id and a.window_state = 'drain' and w.state = 'open';
  end if;
  insert into bridge.worker as w (worker, version, running) values (p_worker, p_version, p_running)
  on conflict (worker) do update set seen_at = now(), running = excluded.running, version = excluded.version;
end
$$;
grant execute on function bridge.worker_seen to bridge_worker;
