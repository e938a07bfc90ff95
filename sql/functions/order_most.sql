-- SPDX-License-Identifier: Apache-2.0
-- The most that carrying a paid order out can cost, with a month at p_month: what was learned, or all its months.
create or replace function bridge.order_most(o bridge.orders, p_month numeric) returns numeric language sql stable as $$
  select coalesce(bridge.price_learned(o, p_month), p_month * greatest(coalesce(o.billing_months, 1), 1))
$$;
