-- SPDX-License-Identifier: Apache-2.0
-- Sums the hours that have been over for five minutes and are not summed yet, at most p_most of them; says how many.
-- One worker at a time.  The first hour ever is that of the oldest order.  Touches: hour, hour_account; reads orders,
-- order_history, attempt, ledger.
create or replace function bridge.hours_sum(p_most int) returns int language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
declare
  h timestamptz;
  first_order bigint;
  last bigint;
  n int := 0;
begin
  if not pg_try_advisory_xact_lock(hashtext('bridge.hours_sum')) then
    return 0;
  end if;
  select x.hour + interval '1 hour', x.last_order into h, first_order from bridge.hour x order by x.hour desc limit 1;
  if h is null then
    select date_trunc('hour', o.created_at, 'UTC'), o.order_id - 1 into h, first_order
    from bridge.orders o order by o.order_id limit 1;
  end if;
  while n < p_most and h + interval '65 minutes' < now() loop
    -- Order ids are given in the order of time, give or take the length of a transaction.
    select coalesce(max(o.order_id), first_order) into last from (
      select c.order_id from bridge.orders c
      where c.order_id > first_order and c.created_at < h + interval '1 hour' order by c.order_id desc limit 1) o;
    insert into bridge.hour (hour, last_order, accepted, succeeded, failed, cancelled)
    select h, last, (select count(*) from bridge.orders o where o.order_id > first_order and o.order_id <= last),
           count(*) filter (where m.to_state = 'succeeded'), count(*) filter (where m.to_state = 'failed'),
           count(*) filter (where m.to_state = 'cancelled')
    from bridge.order_history m
    where m.at >= h and m.at < h + interval '1 hour' and m.to_state in ('succeeded', 'failed', 'cancelled');
    insert into bridge.hour_account (hour, account, calls, errors, purchases, spent, topups, adjustments)
    select h, a.account, coalesce(c.calls, 0), coalesce(c.errors, 0), l.purchases, l.spent, l.topups, l.adjustments
    from bridge.account a
    left join (
      select t.account, count(*) as calls, count(*) filter (where t.verdict in ('later', 'unsure')) as errors
      from bridge.attempt t where t.started_at >= h and t.started_at < h + interval '1 hour'
      group by t.account) c using (account)
    cross join lateral (
      select count(*) filter (where e.kind = 'purchase') as purchases,
             coalesce(sum(e.amount) filter (where e.kind = 'purchase'), 0) as spent,
             coalesce(sum(e.amount) filter (where e.kind = 'topup'), 0) as topups,
             coalesce(sum(e.amount) filter (where e.kind = 'adjustment'), 0) as adjustments
      from bridge.ledger e where e.account = a.account and e.at >= h and e.at < h + interval '1 hour') l
    where c.calls > 0 or l.purchases > 0 or l.topups <> 0 or l.adjustments <> 0;
    first_order := last;
    h := h + interval '1 hour';
    n := n + 1;
  end loop;
  return n;
end
$$;
grant execute on function bridge.hours_sum to bridge_worker;
