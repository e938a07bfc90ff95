-- SPDX-License-Identifier: Apache-2.0
-- Leases up to p_limit lines of an account whose head is paid, while its window is open.  Their intents are written one
-- by one, by work_begin.  Touches: line.
create or replace function bridge.work_claim_paid(p_worker text, p_account text, p_limit int, p_lease_ms bigint)
returns setof bridge.work language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  leased record;
begin
  if not exists (select from bridge.account a where a.account = p_account and a.window_state = 'open'
                 and not a.paused) then
    return;
  end if;
  leased := bridge.lines_leased(p_worker, p_account, true, p_limit, p_lease_ms);
  -- A statement of its own: it sees the heads as they were when their lines were locked.
  return query
  select w.* from unnest(leased.heads, leased.epochs) as h(order_id, epoch)
  join bridge.orders o on o.order_id = h.order_id and (o.state = 'queued') is true, lateral bridge.work_rows(o, h.epoch) w;
end
$$;
grant execute on function bridge.work_claim_paid to bridge_worker;
