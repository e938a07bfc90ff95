-- SPDX-License-Identifier: Apache-2.0
-- The first of a license's unfinished orders that are not parked, by sequence, then arrival; null: there is none.
-- Without sorts the index of lines remains.  Where statistics were made while nothing was unfinished, reading the index
-- of all that is unfinished, and sorting, looks as cheap, and the plan stays when the queue has become long.
-- Touches: orders (read).
create or replace function bridge.line_waiting(p_license bigint) returns bigint language plpgsql stable
set enable_sort = off as $$
begin
  return (select o.order_id from bridge.orders o
          where o.license_id = p_license and o.state not in ('succeeded', 'failed', 'cancelled') and not o.parked
          order by o.order_sequence, o.position limit 1);
end
$$;
