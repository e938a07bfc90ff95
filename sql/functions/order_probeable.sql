-- SPDX-License-Identifier: Apache-2.0
-- Whether what a doubtful order was to bring about can be looked for by "unsuspend": a create on a pair that we never
-- owned, adopted or terminated.  What is there can then only be that order's doing.  A change of product is never asked
-- for: the license that runs under the old type may be what answers.  Touches: pair (read).
create or replace function bridge.order_probeable(o bridge.orders) returns boolean language sql stable as $$
  select o.type = 'license.create' and o.provider = '724license' and not exists (
           select from bridge.pair p
           where p.account = o.account and p.upstream_type = o.upstream_type
             and p.ip = o.ip and (p.owned_at is not null or p.terminated_at is not null))
$$;
