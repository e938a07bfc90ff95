-- SPDX-License-Identifier: Apache-2.0
create or replace view ops.table_health as
  select s.relname as "table", s.n_live_tup as live_rows, s.n_dead_tup as dead_rows,
         round(100.0 * s.n_dead_tup / nullif(s.n_live_tup + s.n_dead_tup, 0), 1) as dead_percent,
         pg_total_relation_size(s.relid) as bytes, s.last_autovacuum, s.last_vacuum, s.last_autoanalyze,
         s.n_ins_since_vacuum as inserted_since_vacuum, age(c.relfrozenxid) as xid_age
  from pg_stat_all_tables s join pg_class c on c.oid = s.relid
  where s.schemaname = 'bridge';
comment on view ops.table_health is 'Size, dead rows and last clean-up of each table';
grant select on ops.table_health to bridge_ops;
