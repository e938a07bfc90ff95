-- SPDX-License-Identifier: Apache-2.0
-- What an order's state lets an operator do with it, as words of the API.  Touches: orders, line (read).
create or replace function bridge.order_actions(p_order bigint) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce(jsonb_agg(a.word order by a.n), '[]')
  from bridge.orders o
  join bridge.line l on l.license_id = o.license_id
  cross join lateral (values
    (1, 'retry', o.state = 'queued' and l.head_order = o.order_id and l.lease_owner is null
                 and (l.settle_until is null or l.settle_until <= now())),
    (2, 'hold', o.state in ('queued', 'blocked')),
    (3, 'release', o.state = 'held'),
    (4, 'cancel', o.state in ('queued', 'blocked', 'held') and not o.doubted),
    (5, 'resolve', o.state = 'needs_review'),
    (6, 'free-key', o.state = 'failed' and o.reason_code = 'resolved' and not o.key_free)) a(n, word, may)
  where o.order_id = p_order and a.may
$$;
grant execute on function bridge.order_actions to bridge_ops;
