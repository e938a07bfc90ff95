-- SPDX-License-Identifier: Apache-2.0
-- Adds what happened from one time up to another, both within one hour, to the sums.  The caller holds the row of summed
-- and knows that no transaction of that time is on its way any more.  Touches: hour, hour_account, account_total; reads
-- what the span_ functions read.
create or replace function bridge.hours_add(p_from timestamptz, p_until timestamptz, p_after bigint, p_before bigint) returns void
language plpgsql as $$
begin
  insert into bridge.hour as h (hour, accepted, deliveries, succeeded, failed, cancelled)
  select s.hour, s.accepted, s.deliveries, s.succeeded, s.failed, s.cancelled
  from bridge.span_orders(p_from, p_until, p_after, p_before) s
  on conflict (hour) do update
  set accepted = h.accepted + excluded.accepted, deliveries = h.deliveries + excluded.deliveries,
      succeeded = h.succeeded + excluded.succeeded, failed = h.failed + excluded.failed,
      cancelled = h.cancelled + excluded.cancelled;
  insert into bridge.hour (hour, accepted, succeeded, failed, cancelled)
  values (date_trunc('hour', p_from, 'UTC'), 0, 0, 0, 0) on conflict do nothing;
  with part as (
    select coalesce(c.hour, l.hour) as hour, coalesce(c.account, l.account) as account, coalesce(c.calls, 0) as calls,
           coalesce(c.errors, 0) as errors, coalesce(l.purchases, 0) as purchases, coalesce(l.spent, 0) as spent,
           coalesce(l.topups, 0) as topups, coalesce(l.adjustments, 0) as adjustments,
           coalesce(c.elapsed_ms, 0) as elapsed_ms, c.durations
    from bridge.span_calls(p_from, p_until) c
    full join bridge.span_credits(p_from, p_until) l on l.hour = c.hour and l.account = c.account
  ), accounts as (
    insert into bridge.hour_account as h (hour, account, calls, errors, purchases, spent, topups, adjustments)
    select p.hour, p.account, p.calls, p.errors, p.purchases, p.spent, p.topups, p.adjustments from part p
    on conflict (account, hour) do update
    set calls = h.calls + excluded.calls, errors = h.errors + excluded.errors, purchases = h.purchases + excluded.purchases,
        spent = h.spent + excluded.spent, topups = h.topups + excluded.topups, adjustments = h.adjustments + excluded.adjustments
  )
  insert into bridge.account_total as t (account, calls, errors, spent, elapsed_ms, durations)
  select p.account, p.calls, p.errors, p.spent, p.elapsed_ms, bridge.counts_add(p.durations, '{}') from part p
  on conflict (account) do update
  set calls = t.calls + excluded.calls, errors = t.errors + excluded.errors, spent = t.spent + excluded.spent,
      elapsed_ms = t.elapsed_ms + excluded.elapsed_ms, durations = bridge.counts_add(t.durations, excluded.durations);
end
$$;
