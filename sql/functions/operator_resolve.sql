-- SPDX-License-Identifier: Apache-2.0
-- R8.  A person settles what lies in review.  p_answer: 'happened', 'did_not_happen' or 'buy_again'.
-- Says 'ok', or why not: 'state', 'early' (a late effect may still come), 'not_paid'.
create or replace function bridge.operator_resolve(p_actor text, p_order bigint, p_answer text, p_reason text, p_upstream_id text,
                                        p_quiet_ms bigint)
returns text language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  o bridge.orders;
begin
  perform from bridge.line l
  where l.license_id = (select license_id from bridge.orders where order_id = p_order) for update;
  perform from bridge.account a where a.account = (select account from bridge.orders where order_id = p_order)
  for no key update;
  select * into o from bridge.orders where order_id = p_order and state = 'needs_review' for update;
  if not found then
    return 'state';
  elsif o.deadline + p_quiet_ms * interval '1 ms' > now() then
    return 'early';
  end if;
  update bridge.account set version = version + 1 where account = o.account;
  update bridge.orders set unsettled = false where order_id = p_order;
  perform bridge.operator_note(p_actor, 'order.resolve.' || p_answer, p_order, o.account, p_reason,
    jsonb_build_object('attempt', o.attempts, 'price', o.price, 'unsettled', o.unsettled));
  if p_answer = 'happened' then
    perform bridge.order_end(p_order, 'succeeded', 'resolved', 'an operator found that it was carried out', o.price,
                             p_upstream_id, false);
  elsif p_answer = 'did_not_happen' then
    perform bridge.order_end(p_order, 'failed', 'resolved', 'an operator found that it was not carried out', null, null,
                             false);
  elsif p_answer = 'buy_again' then
    update bridge.orders
    set state = 'queued', reason_code = 'buy_again', reason = 'an operator had it tried again', doubted = false,
        next_try_at = now(), updated_at = now()
    where order_id = p_order;
    update bridge.line set run_at = now() where license_id = o.license_id;
  else
    raise exception 'no such answer: %', p_answer using errcode = 'invalid_parameter_value';
  end if;
  perform bridge.taint_lifted(o.account);
  return 'ok';
end
$$;
grant execute on function bridge.operator_resolve to bridge_operator;
