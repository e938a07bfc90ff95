-- SPDX-License-Identifier: Apache-2.0
create or replace view ops.call_totals as
  select c.account, format('account="%s"', replace(replace(c.account, '\', '\\'), '"', '\"')) as labels, c.calls, c.errors,
         c.spent, c.elapsed_ms, c.bounds_ms, c.durations
  from bridge.call_sums() c;
comment on view ops.call_totals is 'Calls ended and credits spent on each account since the beginning';
comment on column ops.call_totals.labels is 'The account as a label of Prometheus';
comment on column ops.call_totals.durations is 'How many calls took at most as long as each of bounds_ms; the last: all that were timed';
grant select on ops.call_totals to bridge_ops;
