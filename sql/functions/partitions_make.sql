-- SPDX-License-Identifier: Apache-2.0
-- Makes the partitions of one history table: this month's and the next two.  One table a transaction: each new partition
-- takes the default one from its readers until the commit, and who reads several tables must never stand between two of
-- them.  Touches: event, attempt, order_history or refusal.
create or replace function bridge.partitions_make(p_parent text) returns void language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
declare
  first date;
begin
  if p_parent is null or p_parent not in ('event', 'attempt', 'order_history', 'refusal') then
    raise exception '% is no history table', p_parent using errcode = 'invalid_parameter_value';
  end if;
  perform pg_advisory_xact_lock(hashtext('bridge.partitions'));
  for first in select generate_series(date_trunc('month', now() at time zone 'UTC'),
                                      date_trunc('month', now() at time zone 'UTC') + interval '2 months',
                                      interval '1 month')::date loop
    if to_regclass(format('bridge.%I', p_parent || '_' || to_char(first, 'YYYYMM'))) is null then
      begin
        execute format('create table bridge.%I partition of bridge.%I for values from (%L) to (%L)',
                       p_parent || '_' || to_char(first, 'YYYYMM'), p_parent,
                       first::timestamp at time zone 'UTC', (first + interval '1 month') at time zone 'UTC');
      exception when check_violation then
        -- The default partition already has rows of that month: they stay there and nothing is lost.
        raise notice 'bridge.%: month % stays in the default partition', p_parent, first;
      end;
    end if;
  end loop;
end
$$;
grant execute on function bridge.partitions_make to bridge_worker;
