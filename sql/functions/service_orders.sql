-- SPDX-License-Identifier: Apache-2.0
-- The newest orders of one service, as GET /v1/orders/{id} shows them, with the attempts that were made.
-- p_source, p_service: whose service; p_limit: most orders.  Of each order at most the last ten attempts.
-- Touches: license, orders, attempt (read).
create or replace function bridge.service_orders(p_source text, p_service text, p_limit int)
returns table (order_id bigint, source text, service_id text, operation_key text, type text, state text, reason text,
               next_try_at timestamptz, attempts int, license text, credits text, created_at text, updated_at text,
               evidence text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select r.order_id, r.source, r.service_id, r.operation_key, r.type, r.state, r.reason, r.next_try_at, r.attempts,
         r.license, r.credits, r.created_at, r.updated_at,
         (select coalesce(jsonb_agg(jsonb_build_object(
                   'attempt', a.attempt, 'call', a.call,
                   'at', to_char(a.started_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                   'sent', a.sent, 'verdict', a.verdict, 'http_status', a.http_status, 'reason', a.reason)
                   order by a.started_at, a.attempt), '[]')::text
          from (select * from bridge.attempt t
                where t.order_id = newest.order_id and t.started_at >= newest.created_at
                order by t.started_at desc, t.attempt desc limit 10) a)
  from (select o.order_id, o.created_at
        from bridge.license l join bridge.orders o using (license_id)
        where l.source = p_source and l.service_id = p_service
        order by o.order_id desc limit p_limit) newest
  cross join lateral bridge.order_read(newest.order_id, p_source) r
  order by r.order_id desc
$$;
grant execute on function bridge.service_orders(text, text, int) to bridge_intake;
