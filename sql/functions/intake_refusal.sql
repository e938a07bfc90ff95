-- SPDX-License-Identifier: Apache-2.0
-- Why the license's past forbids the order; null: it does not.
create or replace function bridge.intake_refusal(r bridge.intake_row) returns text language plpgsql stable as $$
declare
  l bridge.license;
begin
  if r.provider <> '724license' or r.type not in ('license.create', 'license.renew') then
    return null;
  end if;
  select lic.* into l from bridge.license_product p join bridge.license lic using (license_id)
  where p.source = r.source and p.service_id = r.service_id and p.product_code = r.product_code;
  if r.type = 'license.create'
     and (l.status in ('pending', 'active', 'suspended') or exists (select from bridge.creates_waiting(l.license_id))) then
    return format('service %s already has a live %s license%s', l.service_id, l.upstream_type,
                  case when l.ip is null then '' else ' on ' || host(l.ip) end);
  elsif r.type = 'license.renew' and l.status = 'terminated' then
    return format('the %s license of service %s was terminated', l.upstream_type, l.service_id);
  elsif r.type = 'license.renew' and l.status is distinct from 'pending' and l.bought_at is null and l.adopted_at is null then
    return format('no %s license of service %s is known: it was neither bought through this bridge nor adopted',
                  r.upstream_type, r.service_id);
  end if;
  return null;
end
$$;
