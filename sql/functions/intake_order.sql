-- SPDX-License-Identifier: Apache-2.0
-- The answer to a delivery that leads to an order.  p_idx: its place in the batch.  What is asked of an account without
-- budgets does not look for its turn.  Touches: orders, line, budget (read).
create or replace function bridge.intake_order(p_idx int, p_outcome text, p_order bigint) returns bridge.intake_result
language sql stable as $$
  select row(p_idx, p_outcome, o.order_id, o.state::text,
             case when o.state = 'queued' and not o.paid and exists (select from bridge.budget b where b.account = o.account)
                  then bridge.order_reason(o) else bridge.order_reason_words(o, l.head_order) end,
             null, null)::bridge.intake_result
  from bridge.orders o join bridge.line l using (license_id) where o.order_id = p_order
$$;
