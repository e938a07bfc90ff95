-- SPDX-License-Identifier: Apache-2.0
-- Puts orders into the lines of licenses that exist: at the head where the line is empty, otherwise behind.  The lines
-- are locked.  p_next: the places of the orders; p_license, p_orders: by place.
-- The other arrays as in sql/query/intake_accept.sql.  Touches: line.
create or replace function bridge.intake_lines(
  p_next int[], p_license bigint[], p_orders bigint[], p_type text[], p_account text[], p_paid boolean[], p_sequence bigint[])
returns void language plpgsql as $$
begin
  update bridge.line l
  set last_position = l.last_position + 1, max_sequence = greatest(l.max_sequence, p_sequence[i]),
      pending = l.pending + 1,
      account = case when l.head_order is null then p_account[i] else l.account end,
      head_paid = case when l.head_order is null then p_paid[i] else l.head_paid end,
      head_type = case when l.head_order is null then p_type[i]::bridge.order_type else l.head_type end,
      run_at = case when l.head_order is null then now() else l.run_at end,
      head_order = coalesce(l.head_order, p_orders[i])
  from unnest(p_next) i
  where l.license_id = p_license[i];
end
$$;
