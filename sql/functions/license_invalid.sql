-- SPDX-License-Identifier: Apache-2.0
-- A provider calls a license invalid: tells its source, once until bridge.license_valid.  Says whether it was news.
-- Touches: license, callback.
create or replace function bridge.license_invalid(p_license bigint, p_reason text) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  l bridge.license;
begin
  update bridge.license set invalid_at = now(), updated_at = now()
  where license_id = p_license and invalid_at is null returning * into l;
  if not found then
    return false;
  end if;
  perform bridge.callback_add(l.source, 'service:' || l.service_id, null, 'license.invalid',
            json_build_object('source', l.source, 'service_id', l.service_id, 'account', l.account, 'reason', p_reason,
                              'license', bridge.license_json(l)))
  from bridge.source s where s.source = l.source and s.callbacks;
  return true;
end
$$;
grant execute on function bridge.license_invalid to bridge_worker;
