-- SPDX-License-Identifier: Apache-2.0
-- A page of licenses, newest first, and from where the next one goes on (null: there is none).  p_ip: now or before;
-- p_key: license key or upstream id; p_text: any of these, or a service.  Each null: any.  Always at least one row;
-- license_id null: none.  Touches: license, license_ip, account (read).
create or replace function bridge.licenses_find(
  p_source text, p_service text, p_ip inet, p_account text, p_product text, p_status text, p_key text, p_text text,
  p_before bigint, p_limit int)
returns table (license_id bigint, next bigint)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  step constant int := 20000;
  low bigint := 0;
  named bigint[];
  ids bigint[];
begin
  if p_text is not null or p_key is not null then
    named := array(
      select l.license_id from bridge.license l where l.upstream_license_id in (p_text, p_key)
      union
      select l.license_id from bridge.account a
      join bridge.license l on l.account = a.account and l.license_key in (p_text, p_key)
      union
      select l.license_id from bridge.license l where l.service_id = p_text
      union
      select i.license_id from bridge.license_ip i where host(i.ip) = p_text and i.ip = (
        case when p_text ~ '^[0-9]{1,3}([.][0-9]{1,3}){3}$|^[0-9a-fA-F:]+:[0-9a-fA-F:.]+$' then p_text::inet end));
  elsif p_service is not null then
    named := array(select l.license_id from bridge.license l where l.service_id = p_service);
  elsif p_ip is not null then
    named := array(select l.license_id from bridge.license l where l.ip = p_ip
                   union select i.license_id from bridge.license_ip i where i.ip = p_ip);
  else
    low := greatest(0, least(p_before, (select max(l.license_id) + 1 from bridge.license l)) - step);
  end if;
  ids := array(
    select l.license_id from bridge.license l
    where (named is null or l.license_id = any (named)) and l.license_id >= low
      and (p_before is null or l.license_id < p_before)
      and (p_source is null or l.source = p_source) and (p_service is null or l.service_id = p_service)
      and (p_account is null or l.account = p_account) and (p_product is null or l.product_code = p_product)
      and (p_status is null or l.status::text = p_status)
      and (p_key is null or l.license_key = p_key or l.upstream_license_id = p_key)
      and (p_ip is null or l.ip = p_ip
           or exists (select from bridge.license_ip i where i.license_id = l.license_id and i.ip = p_ip))
    order by l.license_id desc limit p_limit);
  next := case when cardinality(ids) = p_limit then ids[p_limit] when low > 1 then low end;
  if cardinality(ids) = 0 then
    return next;
  end if;
  foreach license_id in array ids loop
    return next;
  end loop;
end
$$;
grant execute on function bridge.licenses_find to bridge_ops;
