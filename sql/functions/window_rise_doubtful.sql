-- SPDX-License-Identifier: Apache-2.0
-- Whether a rise in a window is better not taken for a top-up: an order there counts as bought because the probe found
-- its license, or two orders were answered with one license, and the rise could be what one of the window's purchases
-- did not cost.  Touches nothing.
create or replace function bridge.window_rise_doubtful(w bridge.spending_window, p_rise numeric) returns boolean
language sql stable as $$
  select bool_or(o.reason_code = 'probe' or exists (
                   select from bridge.attempt t where t.order_id = o.order_id and t.reason_code = 'foreign_answer'))
         and p_rise between min(least(o.price, o.price_other)) and sum(o.price)
  from bridge.orders o where o.window_id = w.window_id and o.state = 'succeeded'
$$;
