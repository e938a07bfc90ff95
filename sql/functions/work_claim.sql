-- SPDX-License-Identifier: Apache-2.0
-- Leases up to p_limit lines whose head is repeatable, for p_lease_ms, and begins them (work_begun).
-- Touches: line, orders, attempt.
create or replace function bridge.work_claim(p_worker text, p_accounts text[], p_limit int, p_lease_ms bigint)
returns setof bridge.work language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  heads bigint[];
  epochs bigint[];
begin
  with ripe as materialized (
    select l.license_id from bridge.line l
    where l.account = any (p_accounts) and not l.head_paid and l.run_at <= now() and l.lease_owner is null
      and not exists (select from bridge.account a where a.account = l.account and a.paused)
    order by l.run_at limit p_limit
    for update of l skip locked
  ), leased as (
    update bridge.line l
    set lease_owner = p_worker, lease_epoch = l.lease_epoch + 1,
        lease_until = now() + p_lease_ms * interval '1 ms', run_at = now() + p_lease_ms * interval '1 ms'
    from ripe where l.license_id = ripe.license_id
    returning l.head_order, l.lease_epoch
  )
  select array_agg(leased.head_order), array_agg(leased.lease_epoch) into heads, epochs from leased;
  if heads is null then
    return; -- most looks find nothing
  end if;
  return query select w.* from bridge.work_begun(p_worker, heads, epochs) w;
end
$$;
grant execute on function bridge.work_claim to bridge_worker;
