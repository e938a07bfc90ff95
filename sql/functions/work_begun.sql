-- SPDX-License-Identifier: Apache-2.0
-- Moves the heads of leased lines to calling and writes their attempts: the intent, committed before any connection is
-- opened.  p_epochs: of the leases, one per head.  A statement of its own: it sees the heads as they were when their
-- lines were locked.  Touches: orders, attempt.
create or replace function bridge.work_begun(p_worker text, p_heads bigint[], p_epochs bigint[])
returns setof bridge.work language plpgsql as $$
begin
  return query
  with begun as (
    update bridge.orders o
    set state = 'calling', attempts = o.attempts + 1, reason_code = 'calling', reason = null, next_try_at = null,
        updated_at = now()
    from unnest(p_heads, p_epochs) as leased(head_order, lease_epoch)
    -- "is true": by their numbers, not by way of all that is queued
    where o.order_id = leased.head_order and (o.state = 'queued') is true
    returning o, leased.lease_epoch
  ), kept as (
    insert into bridge.attempt (order_id, attempt, account, call, worker, epoch)
    select (b.o).order_id, (b.o).attempts, (b.o).account, (b.o).type::text, p_worker, b.lease_epoch from begun b
  )
  select w.* from begun b, lateral bridge.work_rows(b.o, b.lease_epoch) w;
end
$$;
