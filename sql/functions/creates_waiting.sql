-- SPDX-License-Identifier: Apache-2.0
-- A license's creates that have not ended.  In the order of its line, without sorts, for the reason that line_waiting
-- gives.  Touches: orders (read).
create or replace function bridge.creates_waiting(p_license bigint) returns setof bridge.orders language plpgsql stable
set enable_sort = off as $$
begin
  return query
  select o.* from bridge.orders o
  where o.license_id = p_license and o.state not in ('succeeded', 'failed', 'cancelled') and o.type = 'license.create'
  order by o.order_sequence, o.position;
end
$$;
