-- SPDX-License-Identifier: Apache-2.0
-- Whether it is this worker's turn to read the account's catalogue: once in p_every_ms, whoever asks first.
-- Touches: account.
create or replace function bridge.catalogue_take(p_account text, p_every_ms bigint) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform from bridge.account a
  where a.account = p_account and (a.catalogue_at is null or a.catalogue_at <= now() - p_every_ms * interval '1 ms')
  for no key update skip locked;
  if not found then
    return false;
  end if;
  update bridge.account a set catalogue_at = now()
  where a.account = p_account and (a.catalogue_at is null or a.catalogue_at <= now() - p_every_ms * interval '1 ms');
  return found;
end
$$;
grant execute on function bridge.catalogue_take to bridge_worker;
