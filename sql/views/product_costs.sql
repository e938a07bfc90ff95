-- SPDX-License-Identifier: Apache-2.0
create or replace view ops.product_costs as
  select p.account, p.upstream_type, p.name, trim_scale(p.price) as price, p.visible, p.updated_at,
         coalesce((select jsonb_agg(jsonb_build_object(
                     'action', l.action, 'new_type', nullif(l.new_type, ''), 'billing_months', l.billing_months,
                     'price', trim_scale(l.price)::text, 'month_price', trim_scale(l.month_price)::text,
                     'learned_at', bridge.utc(l.learned_at)) order by l.action, l.new_type, l.billing_months)
                   from bridge.product_price l
                   where l.account = p.account and l.upstream_type = p.upstream_type), '[]') as learned
  from bridge.product p;
comment on view ops.product_costs is 'The catalogues as last read, with what whole calls were seen to cost';
grant select on ops.product_costs to bridge_ops;
