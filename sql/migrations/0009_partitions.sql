-- SPDX-License-Identifier: Apache-2.0
-- The months of the history tables, and which schema this is.

-- Makes the month's partitions of the history tables, this month's and the next two.
create function bridge.partitions_ensure() returns void language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
declare
  parent text;
  first date;
begin
  perform pg_advisory_xact_lock(hashtext('bridge.partitions'));
  foreach parent in array array['event', 'attempt', 'order_history', 'refusal'] loop
    for first in select generate_series(date_trunc('month', now() at time zone 'UTC'),
                                        date_trunc('month', now() at time zone 'UTC') + interval '2 months',
                                        interval '1 month')::date loop
      if to_regclass(format('bridge.%I', parent || '_' || to_char(first, 'YYYYMM'))) is null then
        begin
          execute format('create table bridge.%I partition of bridge.%I for values from (%L) to (%L)',
                         parent || '_' || to_char(first, 'YYYYMM'), parent,
                         first::timestamp at time zone 'UTC', (first + interval '1 month') at time zone 'UTC');
        exception when check_violation then
          -- The default partition already has rows of that month: they stay there and nothing is lost.
          raise notice 'bridge.%: month % stays in the default partition', parent, first;
        end;
      end if;
    end loop;
  end loop;
end
$$;
grant execute on function bridge.partitions_ensure() to bridge_worker;

create function bridge.schema_version() returns int language sql stable security definer
set search_path = pg_catalog, pg_temp as $$
  select coalesce(max(number), 0) from bridge.schema_migration
$$;
grant execute on function bridge.schema_version() to bridge_intake, bridge_worker, bridge_ops, bridge_operator;
