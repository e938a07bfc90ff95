-- SPDX-License-Identifier: Apache-2.0
-- What an ended order changes in the license, its pairs and its successors; an order that asked whether the license is
-- valid also brings the answer.  The license's line is locked.  Touches: license and what its parts touch.
create or replace function bridge.order_ended(o bridge.orders) returns void language plpgsql as $$
begin
  perform from bridge.license where license_id = o.license_id for no key update;
  if not o.paid and o.attempts > 0 and o.type in ('license.verify', 'license.renew') then
    perform bridge.license_checked(o.license_id, o.reason_code, o.reason);
  end if;
  if o.state = 'succeeded' then
    perform bridge.order_succeeded(o);
  else
    perform bridge.order_let_go(o);
  end if;
end
$$;
