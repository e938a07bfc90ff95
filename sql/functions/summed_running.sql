-- SPDX-License-Identifier: Apache-2.0
-- Transactions of this database that may have begun before a mark and are not over: of those that ran when last looked at
-- (null: of all) the ones that still run.  After an hour only those count that have written something: nobody of ours
-- takes so long to begin, and a backup must not hold the sums up.  Touches: pg_locks, pg_stat_activity (read).
create or replace function bridge.summed_running(p_mark timestamptz, p_running text[]) returns text[]
language sql volatile as $$
  select coalesce(array_agg(l.virtualtransaction), '{}')
  from pg_catalog.pg_locks l
  join pg_catalog.pg_stat_activity a using (pid)
  where l.locktype = 'virtualxid' and l.mode = 'ExclusiveLock' and l.granted and l.pid <> pg_backend_pid()
    and a.datname = current_database() and (p_running is null or l.virtualtransaction = any (p_running))
    and (p_mark > clock_timestamp() - interval '1 hour'
         or exists (select from pg_catalog.pg_locks x where x.locktype = 'transactionid' and x.mode = 'ExclusiveLock'
                    and x.virtualtransaction = l.virtualtransaction))
$$;
