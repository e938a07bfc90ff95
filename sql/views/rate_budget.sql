-- SPDX-License-Identifier: Apache-2.0
create or replace view ops.rate_budget as
  select b.account, b.endpoint, b.egress, b.requests, b.per, b.free, b.next_at, b.waiting, b.cool_until from ops.budgets b;
comment on view ops.rate_budget is 'How many calls each rationed endpoint still takes, and how many orders wait for it';
grant select on ops.rate_budget to bridge_ops;
