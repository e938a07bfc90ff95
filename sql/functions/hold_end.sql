-- SPDX-License-Identifier: Apache-2.0
-- Lets a held order go on, if it still waits for one of p_codes and its line is free: who holds the line comes first.
-- Says whether it did.  Touches: line, orders and what line_advance touches.
create or replace function bridge.hold_end(p_order bigint, p_license bigint, p_codes text[]) returns boolean
language plpgsql as $$
begin
  perform from bridge.line where license_id = p_license for update skip locked;
  if not found then
    return false;
  end if;
  update bridge.orders
  set state = 'blocked', reason_code = 'released', reason = null, updated_at = now(), next_try_at = null
  where order_id = p_order and state = 'held' and reason_code = any (p_codes);
  if not found then
    return false;
  end if;
  perform bridge.line_advance(p_license);
  return true;
end
$$;
