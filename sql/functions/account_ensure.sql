-- SPDX-License-Identifier: Apache-2.0
-- Makes the accounts of a configuration known.  $1 names, $2 providers, $3 quiet times in ms, one per name.
-- What is known already is not touched: who connects must neither wait for an account's lock nor for a standby.
-- Touches: account.
create or replace function bridge.account_ensure(text[], text[], bigint[]) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into bridge.account as a (account, provider, quiet)
  select u.a, u.p, u.q * interval '1 ms' from unnest($1, $2, $3) as u(a, p, q)
  where not exists (select from bridge.account k where k.account = u.a and k.quiet = u.q * interval '1 ms')
  order by u.a
  on conflict (account) do update set quiet = excluded.quiet where a.quiet is distinct from excluded.quiet
$$;
grant execute on function bridge.account_ensure to bridge_intake, bridge_worker, bridge_operator;
