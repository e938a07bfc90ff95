-- SPDX-License-Identifier: Apache-2.0
-- Leases up to p_limit lines of an account whose head is paid, while its window is open.  Their intents are written one
-- by one, by work_begin.  In the order of line_ripe, like work_claim.  Touches: line.
create or replace function bridge.work_claim_paid(p_worker text, p_account text, p_limit int, p_lease_ms bigint)
returns setof bridge.work language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  heads bigint[];
  epochs bigint[];
begin
  if not exists (select from bridge.account a where a.account = p_account and a.window_state = 'open'
                 and not a.paused) then
    return;
  end if;
  with ripe as materialized (
    select l.license_id from bridge.line l
    where l.account = p_account and l.head_paid and l.run_at <= now() and l.lease_owner is null
    order by l.account, l.head_paid, l.run_at limit p_limit for update skip locked
  ), leased as (
    update bridge.line l
    set lease_owner = p_worker, lease_epoch = l.lease_epoch + 1,
        lease_until = now() + p_lease_ms * interval '1 ms', run_at = now() + p_lease_ms * interval '1 ms'
    from ripe where l.license_id = ripe.license_id
    returning l.head_order, l.lease_epoch
  )
  select array_agg(leased.head_order), array_agg(leased.lease_epoch) into heads, epochs from leased;
  -- A statement of its own: it sees the heads as they were when their lines were locked.
  return query
  select w.* from unnest(heads, epochs) as h(order_id, epoch)
  join bridge.orders o on o.order_id = h.order_id and (o.state = 'queued') is true, lateral bridge.work_rows(o, h.epoch) w;
end
$$;
grant execute on function bridge.work_claim_paid to bridge_worker;
