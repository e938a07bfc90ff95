-- SPDX-License-Identifier: Apache-2.0
-- The months of the history tables that are older than p_keep whole months.  kept: why one stays all the same; null: it
-- may be dropped.  Touches: orders, summed and the catalog (read).
create or replace function bridge.history_months(p_keep int)
returns table (name text, month date, bytes bigint, kept text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select c.relname::text, m.first, pg_total_relation_size(c.oid),
         coalesce(
           (select format('order %s, which began before its end, is not finished', min(o.order_id)) from bridge.orders o
            where o.state not in ('succeeded', 'failed', 'cancelled') and o.created_at < m.past
            having count(*) > 0),
           case when not exists (select from bridge.summed s where s.until >= m.past) then 'it is not summed yet' end)
  from pg_inherits i
  join pg_class c on c.oid = i.inhrelid
  -- What is not named after a month (the default partition) is null here and drops out below.
  cross join lateral (select to_date(substring(c.relname from '_([0-9]{6})$'), 'YYYYMM') as first) f
  cross join lateral (select f.first, (f.first + interval '1 month') at time zone 'UTC' as past) m
  where i.inhparent in ('bridge.event'::regclass, 'bridge.attempt'::regclass, 'bridge.order_history'::regclass,
                        'bridge.refusal'::regclass)
    and m.first < date_trunc('month', now() at time zone 'UTC') - greatest(p_keep, 1) * interval '1 month'
  order by m.first, c.relname
$$;
grant execute on function bridge.history_months to bridge_operator;
