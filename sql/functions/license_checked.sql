-- SPDX-License-Identifier: Apache-2.0
-- What a provider said of a license when it was asked: p_code is the answer's reason.  Anything but "valid" and
-- "not valid" changes nothing.  The license's line is locked.  Touches: license and what license_invalid touches.
create or replace function bridge.license_checked(p_license bigint, p_code text, p_reason text) returns void
language plpgsql as $$
begin
  if p_code in ('license_not_valid', 'verification_failed') then
    update bridge.license set verified_at = now(), updated_at = now() where license_id = p_license;
    perform bridge.license_invalid(p_license, p_reason);
  elsif p_code = 'done' then
    update bridge.license set verified_at = now(), updated_at = now() where license_id = p_license;
    perform bridge.license_valid(p_license);
  end if;
end
$$;
