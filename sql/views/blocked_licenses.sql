-- SPDX-License-Identifier: Apache-2.0
create or replace view ops.blocked_licenses as
  select l.license_id, l.source, l.service_id, l.account, l.product_code, host(l.ip) as ip, b.blocked, b.oldest,
         n.head_order, h.state::text as head_state, h.reason_code, bridge.order_reason(h.*) as reason
  from (select o.license_id, count(*) as blocked, min(o.created_at) as oldest from bridge.orders o
        where o.state = 'blocked' group by o.license_id) b
  join bridge.license l using (license_id)
  join bridge.line n using (license_id)
  left join bridge.orders h on h.order_id = n.head_order;
comment on view ops.blocked_licenses is 'Licenses whose orders wait, for what is ahead of them or for an address';
grant select on ops.blocked_licenses to bridge_ops;
