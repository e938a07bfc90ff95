-- SPDX-License-Identifier: Apache-2.0
create or replace view ops.in_doubt as
  select o.order_id, o.state::text as state, o.source, o.service_id, o.type::text as type, o.account, o.product_code,
         host(o.ip) as ip, o.attempts, o.reason_code, o.reason, trim_scale(o.price) as price, o.window_id, o.unsettled,
         o.deadline, o.deadline + a.quiet as settle_at, o.created_at, o.updated_at
  from bridge.orders o join bridge.account a using (account)
  where o.state = any (array['in_doubt', 'needs_review']::bridge.order_state[])
    and o.state not in ('succeeded', 'failed', 'cancelled');
comment on view ops.in_doubt is 'Orders of which nobody knows yet whether they were carried out';
grant select on ops.in_doubt to bridge_ops;
