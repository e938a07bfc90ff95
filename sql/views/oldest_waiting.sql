-- SPDX-License-Identifier: Apache-2.0
create or replace view ops.oldest_waiting as
  select o.order_id, o.state::text as state, o.reason_code, bridge.order_reason(o.*) as reason, o.source, o.service_id,
         o.type::text as type, o.account, o.product_code, host(o.ip) as ip, o.created_at,
         case when o.state = 'queued' then o.next_try_at end as next_try_at, now() - o.created_at as waiting
  from unnest(array['queued', 'blocked', 'held', 'calling', 'in_doubt', 'needs_review']::bridge.order_state[]) s(state)
  cross join lateral (
    select x.* from bridge.orders x
    where x.state = s.state and x.state not in ('succeeded', 'failed', 'cancelled')
    order by x.order_id limit 20) w
  join bridge.orders o on o.order_id = w.order_id;
comment on view ops.oldest_waiting is 'The twenty oldest unfinished orders of each state, and why each waits';
grant select on ops.oldest_waiting to bridge_ops;
