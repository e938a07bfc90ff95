-- SPDX-License-Identifier: Apache-2.0
-- One order as GET /v1/orders/{id} shows it; p_source null: whichever source.  Touches: orders, license, line,
-- budget (read).
create or replace function bridge.order_read(p_order bigint, p_source text)
returns table (order_id bigint, source text, service_id text, operation_key text, type text, state text, reason text,
               next_try_at timestamptz, attempts int, license text, credits text, created_at text, updated_at text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select o.order_id, o.source, o.service_id, o.operation_key, o.type::text, o.state::text, bridge.order_reason(o),
         bridge.order_expected(o),
         o.attempts,
         bridge.license_json(l)::text,
         trim_scale(o.credits)::text,
         to_char(o.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
         to_char(o.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
  from bridge.orders o join bridge.license l using (license_id)
  where o.order_id = p_order and (p_source is null or o.source = p_source)
$$;
grant execute on function bridge.order_read to bridge_intake, bridge_ops;
