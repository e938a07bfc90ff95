-- SPDX-License-Identifier: Apache-2.0
create or replace view ops.duplicate_deliveries as
  select d.source, d.order_id, o.service_id, o.type::text as type, o.state::text as state, count(*) as repeats,
         min(d.received_at) as first_repeat, max(d.received_at) as last_repeat
  from bridge.orders_repeated(10000) again(order_id)
  join bridge.orders o on o.order_id = again.order_id
  join bridge.delivery d on d.order_id = again.order_id and d.received_at > o.created_at
  group by d.source, d.order_id, o.service_id, o.type, o.state;
comment on view ops.duplicate_deliveries is 'Orders among the newest 10,000 that a panel sent again under another webhook-id';
grant select on ops.duplicate_deliveries to bridge_ops;
