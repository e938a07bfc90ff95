-- SPDX-License-Identifier: Apache-2.0
-- Leases up to p_limit lines whose head is repeatable, for p_lease_ms, and begins them (work_begun).  The longest due
-- come first, in the order of line_ripe, so that a long queue is not read to its end: account and head_paid are part
-- of that order.  Touches: line, orders, attempt.
create or replace function bridge.work_claim(p_worker text, p_accounts text[], p_limit int, p_lease_ms bigint)
returns setof bridge.work language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  name text;
  heads bigint[];
  epochs bigint[];
begin
  foreach name in array p_accounts loop
    continue when exists (select from bridge.account a where a.account = name and a.paused);
    with ripe as materialized (
      select l.license_id from bridge.line l
      where l.account = name and not l.head_paid and l.run_at <= now() and l.lease_owner is null
      order by l.account, l.head_paid, l.run_at limit p_limit
      for update skip locked
    ), leased as (
      update bridge.line l
      set lease_owner = p_worker, lease_epoch = l.lease_epoch + 1,
          lease_until = now() + p_lease_ms * interval '1 ms', run_at = now() + p_lease_ms * interval '1 ms'
      from ripe where l.license_id = ripe.license_id
      returning l.head_order, l.lease_epoch
    )
    select array_agg(leased.head_order), array_agg(leased.lease_epoch) into heads, epochs from leased;
    continue when heads is null; -- most looks find nothing
    return query select w.* from bridge.work_begun(p_worker, heads, epochs) w;
    p_limit := p_limit - cardinality(heads);
    exit when p_limit <= 0;
  end loop;
end
$$;
grant execute on function bridge.work_claim to bridge_worker;
