-- SPDX-License-Identifier: Apache-2.0
create or replace view ops.licenses as
  select l.license_id, l.source, l.service_id, l.provider, l.account, l.product_code, l.upstream_type,
         l.status::text as status, host(l.ip) as ip, l.license_key, l.upstream_license_id, l.period_end, l.expires_at,
         l.bought_at, l.adopted_at, l.terminated_at, l.created_at, l.updated_at, n.pending, n.head_order, n.run_at,
         n.lease_owner, n.lease_until, l.invalid_at
  from bridge.license l join bridge.line n using (license_id);
comment on view ops.licenses is 'Licenses and the state of their lines';
comment on column ops.licenses.invalid_at is 'Since when its provider calls it invalid; null: it does not';
grant select on ops.licenses to bridge_ops;
