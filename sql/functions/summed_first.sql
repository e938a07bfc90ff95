-- SPDX-License-Identifier: Apache-2.0
-- The hour in which anything that is summed first happened, no later than p_mark.  Touches: orders, attempt, ledger (read).
create or replace function bridge.summed_first(p_mark timestamptz) returns timestamptz language sql stable as $$
  select date_trunc('hour', least(
    p_mark, (select o.created_at from bridge.orders o order by o.order_id limit 1) - interval '1 hour',
    (select min(t.finished_at) from bridge.attempt t where t.finished_at is not null),
    (select min(l.at) from bridge.account a
     cross join lateral (select e.at from bridge.ledger e where e.account = a.account order by e.at limit 1) l)), 'UTC')
$$;
