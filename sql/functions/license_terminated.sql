-- SPDX-License-Identifier: Apache-2.0
-- What a terminate that was carried out changes.  A create of the same service may wait behind it: then the license
-- becomes its own, and what that create claimed stays claimed.  Touches: license, license_ip, pair.
create or replace function bridge.license_terminated(o bridge.orders) returns void language plpgsql as $$
begin
  update bridge.license
  set status = case when exists (select from bridge.creates_waiting(o.license_id)) then 'pending'
                    else 'terminated' end::bridge.license_status,
      terminated_at = now(), updated_at = now()
  where license_id = o.license_id;
  update bridge.license_ip set until = now() where license_id = o.license_id and until is null;
  update bridge.pair p
  set terminated_at = case when p.owned_at is not null then now() else p.terminated_at end,
      license_id = case when exists (
        select from bridge.creates_waiting(o.license_id) c
        where c.account = p.account and c.upstream_type = p.upstream_type and c.ip = p.ip) then p.license_id end
  where p.license_id = o.license_id;
end
$$;
