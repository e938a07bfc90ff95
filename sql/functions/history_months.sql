-- SPDX-License-Identifier: Apache-2.0
-- The months of the history tables that are older than p_keep whole months.  kept: why one stays all the same; null: it
-- may be dropped.  Touches: orders and the catalog (read).
create or replace function bridge.history_months(p_keep int)
returns table (name text, month date, bytes bigint, kept text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select c.relname::text, m.first, pg_total_relation_size(c.oid),
         (select format('order %s, which began before its end, is not finished', min(o.order_id)) from bridge.orders o
          where o.state not in ('succeeded', 'failed', 'cancelled')
            and o.created_at < (m.first + interval '1 month') at time zone 'UTC'
          having count(*) > 0)
  from pg_inherits i
  join pg_class c on c.oid = i.inhrelid
  cross join lateral (select to_date(right(c.relname, 6), 'YYYYMM') as first) m
  where i.inhparent in ('bridge.event'::regclass, 'bridge.attempt'::regclass, 'bridge.order_history'::regclass,
                        'bridge.refusal'::regclass)
    and c.relname ~ '_[0-9]{6}$'
    and m.first < date_trunc('month', now() at time zone 'UTC') - greatest(p_keep, 1) * interval '1 month'
  order by m.first, c.relname
$$;
grant execute on function bridge.history_months to bridge_operator;
