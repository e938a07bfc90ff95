-- SPDX-License-Identifier: Apache-2.0
create or replace view ops.customer_licenses as
  select l.source, l.service_id, l.license_id, l.account, l.product_code, l.upstream_type, l.status::text as status,
         host(l.ip) as ip, l.license_key, l.upstream_license_id, l.period_end, l.expires_at, l.bought_at, l.adopted_at,
         l.terminated_at, o.orders, o.unfinished, trim_scale(o.credits) as credits, o.last_order
  from bridge.license l
  cross join lateral (
    select count(*) as orders, count(*) filter (where x.state not in ('succeeded', 'failed', 'cancelled')) as unfinished,
           sum(x.credits) as credits, max(x.order_id) as last_order
    from bridge.orders x where x.license_id = l.license_id) o;
comment on view ops.customer_licenses is 'What each service of a panel has and has cost: ask with where service_id = …';
grant select on ops.customer_licenses to bridge_ops;
