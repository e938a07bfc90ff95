-- SPDX-License-Identifier: Apache-2.0
-- The reason as a person reads it; no order is without one.  Who is ahead in line, and how many calls of a rationed
-- endpoint come before, changes with every step, so it is said when asked.  Touches: line, budget (read).
create or replace function bridge.order_budget_reason(o bridge.orders) returns text language sql stable as $$
  select case when (t.budget).cool_until > clock_timestamp()
              then format('%s asked for fewer calls and rests until %s UTC; place %s, expected about %s UTC',
                          (t.budget).endpoint, to_char((t.budget).cool_until at time zone 'UTC', 'HH24:MI:SS'), t.place,
                          to_char(t.at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS'))
              else format('waits for its turn at %s, which takes %s calls in %s; place %s, expected about %s UTC',
                          (t.budget).endpoint, (t.budget).requests, (t.budget).per, t.place,
                          to_char(t.at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')) end
  from bridge.budget_turn(o) t where t.at is not null
$$;

create or replace function bridge.order_reason(o bridge.orders) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(case when o.state = 'queued' and not o.paid then bridge.order_budget_reason(o) end,
                  bridge.order_reason_words(o, (select l.head_order from bridge.line l where l.license_id = o.license_id)))
$$;

-- When an order is tried next, as far as anybody can tell.
create or replace function bridge.order_expected(o bridge.orders) returns timestamptz
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select case when o.state = 'queued' and not o.paid
              then coalesce((select t.at from bridge.budget_turn(o) t), o.next_try_at) else o.next_try_at end
$$;
grant execute on function bridge.order_reason, bridge.order_expected to bridge_ops;
