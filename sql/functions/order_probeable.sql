-- SPDX-License-Identifier: Apache-2.0
-- Whether what a doubtful order was to bring about can be looked for by "unsuspend": a create, or a change of product of
-- a license that runs, on a pair that we never owned, adopted or terminated.  What is there can then only be that
-- order's doing.  Touches nothing.
create or replace function bridge.order_probeable(o bridge.orders) returns boolean language sql stable as $$
  select (o.type = 'license.create'
          or (o.type = 'license.change_product' and exists (
                select from bridge.license l where l.license_id = o.license_id and l.status = 'active')))
         and o.provider = '724license' and not exists (
           select from bridge.pair p
           where p.account = o.account and p.upstream_type = coalesce(o.new_upstream_type, o.upstream_type)
             and p.ip = o.ip and (p.owned_at is not null or p.terminated_at is not null))
$$;
