-- SPDX-License-Identifier: Apache-2.0
-- A person has looked at an account's alarm.
create or replace function bridge.operator_acknowledge(p_actor text, p_account text, p_reason text) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  was text;
begin
  select alarm into was from bridge.account where account = p_account and alarm is not null for no key update;
  if not found then
    return false;
  end if;
  update bridge.account set alarm = null, alarm_at = null, version = version + 1 where account = p_account;
  perform bridge.taint_lifted(p_account);
  perform bridge.operator_note(p_actor, 'account.acknowledge', null, p_account, p_reason,
                               jsonb_build_object('alarm', was));
  return true;
end
$$;
grant execute on function bridge.operator_acknowledge to bridge_operator;
