-- SPDX-License-Identifier: Apache-2.0
-- The first p_limit rows of one of the operators' views, in the order in which it is read, as the API writes them: ids
-- and decimals as texts, times in UTC, spans in seconds.  Null: no view of that name is offered.
-- Touches: what the view touches (read).
create or replace function bridge.view_read(p_view text, p_limit int) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  key text;
  members text;
  items jsonb;
begin
  select v.key into key
  from (values
    ('ack_latency_1h', 'source'), ('activity_hourly', 'hour'), ('awaited_renewals', 'account, upstream_type, billing_months'),
    ('balance_runway', 'account'), ('blocked_licenses', 'oldest, license_id'), ('budgets', 'account, endpoint, egress'),
    ('call_totals', 'account'), ('callbacks_pending', 'source'), ('credits_spent_daily', 'day desc, account'),
    ('duplicate_deliveries', 'order_id desc'), ('failure_reasons_24h', 'orders desc, reason_code'), ('in_doubt', 'order_id'),
    ('ledger_drift', 'window_id desc'), ('licenses_expiring', 'ends_on'), ('licenses_invalid', 'invalid_at desc'),
    ('oldest_waiting', 'order_id'), ('operator_actions', 'action_id desc'), ('orders_by_state', 'state'),
    ('overview_warnings', 'rank, subject'), ('product_costs', 'account, upstream_type'), ('providers', 'account'),
    ('rate_budget', 'account, endpoint, egress'), ('refused_deliveries', 'at desc'), ('renewals_due', 'period_end'),
    ('renewals_overdue', 'ends_on'), ('retry_queue', 'next_try_at, order_id'), ('table_health', '"table"'), ('totals', 'accepted'),
    ('upstream_errors_1h', 'account, calls desc'), ('upstream_latency_1h', 'account, call nulls first'),
    ('upstreams', 'account'), ('waiting_purchases', 'order_id'), ('worker_status', 'worker')) v(name, key)
  where v.name = p_view;
  if key is null then
    return null;
  end if;
  select string_agg(format(
    case when a.atttypid = 'timestamptz'::regtype then 'bridge.utc(%1$I) as %1$I'
         when a.atttypid = 'interval'::regtype then 'round(extract(epoch from %1$I), 3) as %1$I'
         when a.atttypid = 'numeric'::regtype or (a.atttypid = 'bigint'::regtype and a.attname ~ '_(id|order)$')
           then '%1$I::text as %1$I'
         else '%1$I' end, a.attname), ', ' order by a.attnum) into members
  from pg_attribute a where a.attrelid = ('ops.' || p_view)::regclass and a.attnum > 0;
  execute format('select coalesce(jsonb_agg(to_jsonb(x)), ''[]'') from (
                    select %s from (select * from ops.%I order by %s limit $1) v) x', members, p_view, key)
  into items using p_limit;
  return items;
end
$$;
grant execute on function bridge.view_read to bridge_ops;
