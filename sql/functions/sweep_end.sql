-- SPDX-License-Identifier: Apache-2.0
-- What a swept license was said to be: counts if nothing was done with it meanwhile (p_epoch).  An answer that tells
-- nothing (p_code) is asked for again in a tenth of p_every_ms.  Times in ms since 1970, null: not told.
-- Touches: line, license and what license_checked touches.
create or replace function bridge.sweep_end(p_license bigint, p_epoch bigint, p_code text, p_reason text,
                                            p_expires_ms bigint, p_activated_ms bigint, p_every_ms bigint)
returns boolean language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform from bridge.line n where n.license_id = p_license for update;
  if not exists (select from bridge.line n where n.license_id = p_license and n.lease_epoch = p_epoch and n.pending = 0) then
    return false;
  end if;
  if p_code not in ('done', 'license_not_valid', 'verification_failed') then
    update bridge.license set sweep_at = now() + p_every_ms / 10 * interval '1 ms' where license_id = p_license;
    return false;
  end if;
  update bridge.license
  set expires_at = coalesce(to_timestamp(p_expires_ms / 1000.0), expires_at),
      activated_at = coalesce(to_timestamp(p_activated_ms / 1000.0), activated_at)
  where license_id = p_license;
  perform bridge.license_checked(p_license, p_code, p_reason);
  return true;
end
$$;
grant execute on function bridge.sweep_end to bridge_worker;
