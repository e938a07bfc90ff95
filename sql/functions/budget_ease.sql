-- SPDX-License-Identifier: Apache-2.0
-- A probe was answered by the provider itself: the endpoint takes calls again.  Touches: budget.
create or replace function bridge.budget_ease(p_account text, p_endpoint text, p_egress text) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  update bridge.budget set strikes = 0, struck_at = null, cool_until = null
  where account = p_account and endpoint = p_endpoint and egress = p_egress and strikes > 0
$$;
grant execute on function bridge.budget_ease to bridge_worker;
