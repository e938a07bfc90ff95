-- SPDX-License-Identifier: Apache-2.0
-- A reading of the balance has failed.  Failures further apart than p_gap_ms belong to two spells: nobody asked in
-- between.  A spell that reaches p_limit_ms is told to the operators, once.  Says how long it has lasted, in ms.
-- Touches: account, operator_action.
create or replace function bridge.balance_unreadable(p_account text, p_gap_ms bigint, p_limit_ms bigint) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  was bridge.account;
  since timestamptz;
  age interval;
begin
  select a.* into was from bridge.account a where a.account = p_account for no key update;
  since := case when was.unread_at > now() - p_gap_ms * interval '1 ms' then was.unread_since end;
  age := now() - coalesce(since, now());
  update bridge.account set unread_since = coalesce(since, now()), unread_at = now() where account = p_account;
  if age >= p_limit_ms * interval '1 ms' and was.unread_at - since < p_limit_ms * interval '1 ms' then
    perform bridge.operator_note('license-bridge', 'account.balance_unreadable', null, p_account,
      format('the balance cannot be read since %s UTC: orders go on one at a time, without conclusions from it',
             to_char(since at time zone 'UTC', 'YYYY-MM-DD HH24:MI')));
  end if;
  return extract(epoch from age) * 1000;
end
$$;
grant execute on function bridge.balance_unreadable to bridge_worker;
