-- SPDX-License-Identifier: Apache-2.0
-- A budget as configured, locked until the transaction ends.  Whoever locks lines besides takes only those that are
-- free (skip locked).  p_types: the orders that are carried out there, the more urgent first.  Touches: budget.
create or replace function bridge.budget_lock(p_account text, p_endpoint text, p_egress text, p_requests int,
                                              p_per interval, p_types bridge.order_type[])
returns bridge.budget language plpgsql as $$
declare
  b bridge.budget;
begin
  select * into b from bridge.budget
  where account = p_account and endpoint = p_endpoint and egress = p_egress for update;
  if not found then
    insert into bridge.budget (account, endpoint, egress, requests, per, types)
    values (p_account, p_endpoint, p_egress, p_requests, p_per, p_types) on conflict do nothing;
    select * into b from bridge.budget
    where account = p_account and endpoint = p_endpoint and egress = p_egress for update;
  end if;
  if (b.requests, b.per, b.types) is distinct from (p_requests, p_per, p_types) then
    update bridge.budget set requests = p_requests, per = p_per, types = p_types
    where account = p_account and endpoint = p_endpoint and egress = p_egress returning * into b;
  end if;
  return b;
end
$$;
