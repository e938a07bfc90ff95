-- SPDX-License-Identifier: Apache-2.0
create or replace view ops.retry_queue as
  select o.order_id, o.source, o.service_id, o.type::text as type, o.account, o.product_code, host(o.ip) as ip, o.attempts,
         o.reason_code, o.reason, o.next_try_at, o.created_at
  from bridge.orders o
  where o.state = 'queued' and o.attempts > 0;
comment on view ops.retry_queue is 'Orders that were tried and will be tried again, with the time of the next try';
grant select on ops.retry_queue to bridge_ops;
