-- SPDX-License-Identifier: Apache-2.0
-- A doubtful create was answered with another one's license, and the balance does not show that both were bought: which
-- of the two answers was the wrong one, a person finds out.  Notes it on the other order as well.  Says the sentence for
-- this one; null: its answer named nobody else's.  Touches: attempt (read), operator_action.
create or replace function bridge.doubt_foreign(o bridge.orders) returns text language plpgsql as $$
declare
  other bigint;
begin
  if not exists (select from bridge.attempt a where a.order_id = o.order_id and a.reason_code = 'foreign_answer') then
    return null;
  end if;
  select d.order_id into other
  from bridge.license l join bridge.orders d using (license_id)
  where l.account = o.account and l.upstream_license_id = o.upstream_license_id and l.license_id <> o.license_id
    and d.type = 'license.create' and d.state = 'succeeded'
  order by d.order_id desc limit 1;
  if other is null then
    return format('the answer named license %s, which is another order''s', o.upstream_license_id);
  end if;
  perform bridge.operator_note('license-bridge', 'order.questioned', other, o.account,
    format('order %s was answered with the same license %s: one of the two may not have been bought', o.order_id,
           o.upstream_license_id));
  return format('the answer named license %s, which is order %s''s: one of the two may not have been bought',
                o.upstream_license_id, other);
end
$$;
