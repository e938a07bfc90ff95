-- SPDX-License-Identifier: Apache-2.0
-- Touches: product_history (read).
create or replace view ops.product_history as
  select h.account, h.upstream_type, h.seen_at, trim_scale(h.price) as price, h.visible from bridge.product_history h;
comment on view ops.product_history is 'Prices and visibility each time that they were seen to change';
grant select on ops.product_history to bridge_ops;
