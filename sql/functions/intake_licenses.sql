-- SPDX-License-Identifier: Apache-2.0
-- Makes licenses, each with its line, whose head is the order that makes it, and for a create the pair that it holds.
-- A unique violation: another batch has just made one of the licenses or taken one of the pairs.
-- p_fresh: the places of the orders, in the order of the licenses' names; p_license, p_orders: by place.
-- The other arrays as in sql/query/intake_accept.sql.  Touches: license, license_product, line, pair.
create or replace function bridge.intake_licenses(
  p_fresh int[], p_license bigint[], p_orders bigint[], p_source text[], p_type text[], p_service_id text[],
  p_provider text[],
  p_account text[], p_product_code text[], p_upstream_type text[], p_paid boolean[], p_ip text[], p_license_key text[],
  p_sequence bigint[])
returns void language plpgsql as $$
begin
  insert into bridge.license (license_id, source, service_id, provider, account, product_code, upstream_type, status, ip,
                              license_key)
    overriding system value
  select p_license[i], p_source[i], p_service_id[i], p_provider[i], p_account[i], p_product_code[i], p_upstream_type[i],
         case p_type[i] when 'license.create' then 'pending' else 'unknown' end::bridge.license_status, p_ip[i]::inet,
         p_license_key[i]
  from unnest(p_fresh) i;
  insert into bridge.license_product (source, service_id, product_code, license_id)
  select p_source[i], p_service_id[i], p_product_code[i], p_license[i] from unnest(p_fresh) i;
  insert into bridge.line (license_id, account, head_order, head_paid, head_type, pending, run_at, last_position,
                           max_sequence)
  select p_license[i], p_account[i], p_orders[i], p_paid[i], p_type[i]::bridge.order_type, 1, now(), 1, p_sequence[i]
  from unnest(p_fresh) i;
  insert into bridge.pair (account, upstream_type, ip, license_id)
  select p_account[i], p_upstream_type[i], p_ip[i]::inet, p_license[i] from unnest(p_fresh) i
  where p_type[i] = 'license.create' and p_provider[i] = '724license' and p_ip[i] is not null
  order by 1, 2, 3;
end
$$;
