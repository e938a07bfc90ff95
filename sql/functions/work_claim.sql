-- SPDX-License-Identifier: Apache-2.0
-- Leases up to p_limit lines whose head is repeatable, for p_lease_ms, and begins them (work_begun).
-- Touches: line, orders, attempt.
create or replace function bridge.work_claim(p_worker text, p_accounts text[], p_limit int, p_lease_ms bigint)
returns setof bridge.work language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  name text;
  leased record;
begin
  foreach name in array p_accounts loop
    continue when exists (select from bridge.account a where a.account = name and a.paused);
    leased := bridge.lines_leased(p_worker, name, false, p_limit, p_lease_ms);
    continue when leased.heads is null; -- most looks find nothing
    return query select w.* from bridge.work_begun(p_worker, leased.heads, leased.epochs) w;
    p_limit := p_limit - cardinality(leased.heads);
    exit when p_limit <= 0;
  end loop;
end
$$;
grant execute on function bridge.work_claim to bridge_worker;
