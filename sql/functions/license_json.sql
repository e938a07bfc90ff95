-- SPDX-License-Identifier: Apache-2.0
-- A license as panels see it: in GET /v1/orders/{id} and in notices.
create or replace function bridge.license_json(l bridge.license) returns jsonb language sql stable as $$
  select jsonb_build_object(
    'license_id', l.license_id::text, 'status', l.status, 'product_code', l.product_code, 'ip', host(l.ip),
    'license_key', l.license_key, 'upstream_license_id', l.upstream_license_id, 'period_end', l.period_end,
    'expires_at', to_char(l.expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
$$;
