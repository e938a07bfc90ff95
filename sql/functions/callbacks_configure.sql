-- SPDX-License-Identifier: Apache-2.0
-- Makes known what a configuration says of notices.  $1 to $3: sources, whether each wants notices, the accounts at
-- which it may order (names with blanks between).  $4, $5: accounts, and below which balances each is low (likewise).
-- What still waits for a source that wants no notices any more becomes dead letters.  What is known already is not
-- touched: who connects must wait neither for a lock nor for a standby.
-- Touches: source, callback, account.
create or replace function bridge.callbacks_configure(text[], boolean[], text[], text[], text[]) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into bridge.source as s (source, callbacks, accounts)
  select u.s, u.c, string_to_array(u.a, ' ') from unnest($1, $2, $3) as u(s, c, a)
  where not exists (select from bridge.source k where (k.source, k.callbacks, k.accounts) = (u.s, u.c, string_to_array(u.a, ' ')))
  order by u.s
  on conflict (source) do update
  set callbacks = excluded.callbacks, accounts = excluded.accounts, updated_at = now()
  where (s.callbacks, s.accounts) is distinct from (excluded.callbacks, excluded.accounts);
  update bridge.callback c
  set state = 'dead', finished_at = now(), lease_owner = null, epoch = epoch + 1,
      last_error = 'the source has no callback_url any more'
  where c.state = 'queued' and c.source in (select u.s from unnest($1, $2) as u(s, c) where not u.c);
  perform from bridge.account a join unnest($4, $5) as u(a, l) on u.a = a.account
  where a.low_balance is distinct from string_to_array(u.l, ' ')::numeric(20,6)[] order by a.account for no key update of a;
  update bridge.account a set low_balance = string_to_array(u.l, ' ')::numeric(20,6)[]
  from unnest($4, $5) as u(a, l)
  where u.a = a.account and a.low_balance is distinct from string_to_array(u.l, ' ')::numeric(20,6)[];
end
$$;
grant execute on function bridge.callbacks_configure to bridge_intake, bridge_worker;
