-- SPDX-License-Identifier: Apache-2.0
-- Takes orders that have succeeded from the heads of their lines, and puts the next ones there, with one statement for
-- each table, where that is ordinary: a suspend or unsuspend that nothing is in the way of.  Does what line_advance
-- does for each of them, and says in which lines something waits that remains for it.  The lines are locked.
-- Touches: orders, line.
create or replace function bridge.lines_ended(p_orders bigint[]) returns bigint[] language plpgsql as $$
declare
  remaining bigint[];
begin
  with ended as materialized (
    select l.license_id, l.pending > 1 as waited, greatest(l.done_sequence, o.sequence) as done_sequence,
           (greatest(l.settle_until, l.probe_until) > now()) is true as settles
    from bridge.orders o join bridge.line l on l.license_id = o.license_id
    where o.order_id = any (p_orders)
  ), next as materialized (
    select e.license_id, o.order_id, o.account, o.type
    from ended e
    join bridge.orders o on o.order_id = (select bridge.line_waiting(e.license_id))
    join bridge.license c on c.license_id = e.license_id
    join bridge.account a on a.account = o.account
    where e.waited and not e.settles and not a.paused and (o.sequence < e.done_sequence) is not true
      -- "is true", here and elsewhere: by their numbers, not by way of all that waits.
      and (o.state = 'blocked') is true and o.attempts = 0 and not o.paid and o.type in ('license.suspend', 'license.unsuspend')
      -- The license lives, where the order looks for it, and nobody else has that pair.
      and (o.provider <> '724license'
           or c.status <> 'terminated'
              and (c.status not in ('active', 'suspended') or c.ip is null or (o.upstream_type, o.ip) = (c.upstream_type, c.ip))
              and not exists (select from bridge.pair p where p.account = o.account and p.upstream_type = o.upstream_type
                                and p.ip = o.ip and p.license_id <> o.license_id))
  ), queued as (
    update bridge.orders o
    set state = 'queued', waits_pair = null, next_try_at = now(), reason_code = null, reason = null, updated_at = now()
    from next where o.order_id = next.order_id
  ), lines as (
    -- How many wait is the line's to say: a join with what is unfinished would read all of it where statistics, made
    -- when nothing was, know of none.
    update bridge.line l
    set lease_owner = null, lease_until = null, pending = greatest(l.pending - 1, 0), done_sequence = e.done_sequence,
        head_order = next.order_id, head_type = coalesce(next.type, l.head_type),
        account = coalesce(next.account, l.account), run_at = case when next.order_id is not null then now() end
    from ended e left join next on next.license_id = e.license_id
    where l.license_id = e.license_id
    returning l.license_id, l.pending > 0 and l.head_order is null as remains
  )
  select array_agg(lines.license_id order by lines.license_id) into remaining from lines where lines.remains;
  return remaining;
end
$$;
