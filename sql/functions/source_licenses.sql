-- SPDX-License-Identifier: Apache-2.0
-- The licenses of one source as its panel sees them, oldest first.
-- p_source; p_after: only license ids above this; p_limit: most rows.
-- Touches: license (read).
create or replace function bridge.source_licenses(p_source text, p_after bigint, p_limit int)
returns table (license_id bigint, license text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select l.license_id,
         jsonb_build_object(
           'license_id', l.license_id::text, 'service_id', l.service_id, 'product_code', l.product_code,
           'status', l.status, 'ip', host(l.ip), 'license_key', l.license_key, 'period_end', l.period_end,
           'expires_at', to_char(l.expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
           'created_at', to_char(l.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))::text
  from bridge.license l
  where l.source = p_source and l.license_id > p_after
  order by l.license_id
  limit p_limit
$$;
grant execute on function bridge.source_licenses(text, bigint, int) to bridge_intake;
