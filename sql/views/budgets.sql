-- SPDX-License-Identifier: Apache-2.0
-- Rate budgets as they are now.  Touches: budget, line (read).
create or replace view ops.budgets as
  select b.account, b.endpoint, b.egress, b.requests, b.per, n.free, n.next_at, b.strikes, b.cool_until,
         bridge.budget_waiting(b) as waiting
  from bridge.budget b, lateral bridge.budget_now(b) n;
comment on view ops.budgets is 'How many calls each rationed endpoint still takes, and how many orders wait for it';
grant select on ops.budgets to bridge_ops;
