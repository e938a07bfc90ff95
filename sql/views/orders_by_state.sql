-- SPDX-License-Identifier: Apache-2.0
create or replace view ops.orders_by_state as
  select c.state::text as state, c.orders, o.created_at as oldest
  from (select x.state, count(*) as orders, min(x.order_id) as first from bridge.orders x
        where x.state not in ('succeeded', 'failed', 'cancelled') group by x.state) c
  join bridge.orders o on o.order_id = c.first;
comment on view ops.orders_by_state is 'Unfinished orders by state, and since when the first of them waits';
grant select on ops.orders_by_state to bridge_ops;
