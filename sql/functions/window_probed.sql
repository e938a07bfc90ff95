-- SPDX-License-Identifier: Apache-2.0
-- R7.  The probe found what a doubtful order was to bring about: it was carried out, even where nothing can be
-- concluded from the balance.  False: it was settled meanwhile, or the pair was adopted, so that the find proves
-- nothing.  Touches: line, account, pair (locked), and what order_end touches.
create or replace function bridge.window_probed(p_order bigint, p_attempt int) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  o bridge.orders;
begin
  perform from bridge.line l
  where l.license_id = (select license_id from bridge.orders where order_id = p_order) for update;
  perform from bridge.account a where a.account = (select account from bridge.orders where order_id = p_order)
  for no key update;
  perform from bridge.pair p join bridge.orders d on p.account = d.account and p.upstream_type = d.upstream_type and p.ip = d.ip
  where d.order_id = p_order for update of p;
  select * into o from bridge.orders where order_id = p_order and attempts = p_attempt and paid
    and (state = 'in_doubt' or (state = 'needs_review' and unsettled)) for update;
  if not found or not bridge.order_probeable(o) then
    return false;
  end if;
  perform bridge.account_touched(o, 'succeeded');
  perform bridge.order_end(p_order, 'succeeded', 'probe', 'the answer was lost, but the license is there: it was carried out',
                           o.price, null, false);
  if o.unsettled then
    perform bridge.taint_lifted(o.account);
  end if;
  return true;
end
$$;
grant execute on function bridge.window_probed to bridge_worker;
