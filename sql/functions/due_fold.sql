-- SPDX-License-Identifier: Apache-2.0
-- Folds the changes of license ends into their sums.  The caller holds the row of summed, so that one session does it at
-- a time.  Touches: due_change, due.
create or replace function bridge.due_fold() returns void language sql as $$
  with gone as (
    delete from bridge.due_change returning *
  )
  insert into bridge.due as d (period_end, account, upstream_type, billing_months, licenses)
  select g.period_end, g.account, g.upstream_type, g.billing_months, sum(g.licenses)
  from gone g group by 1, 2, 3, 4 having sum(g.licenses) <> 0
  on conflict (period_end, account, upstream_type, billing_months) do update set licenses = d.licenses + excluded.licenses;
  delete from bridge.due where licenses = 0;
$$;
