-- SPDX-License-Identifier: Apache-2.0
-- What became of one doubt.  p_fate: 'done', 'not', 'free' (carried out or not, nothing was charged), 'unknown'.
-- An order whose answer named another one's license is never bought again without a person: the answer may have been
-- its own, and the other's the wrong one.  Touches: what doubt_foreign and order_end touch.
create or replace function bridge.doubt_end(o bridge.orders, p_fate text, p_cost numeric, p_evidence boolean, p_sentence text)
returns void language plpgsql as $$
declare
  strange text := case when p_fate <> 'done' then bridge.doubt_foreign(o) end;
begin
  if p_fate = 'done' then
    perform bridge.order_end(o.order_id, 'succeeded', 'balance', 'the answer was lost, but the balance shows the purchase',
                             coalesce(p_cost, o.price), null, false);
  elsif p_fate in ('not', 'free') and p_evidence and strange is null then
    -- What may have been carried out for nothing stays doubted: a refusal from now on may mean that it is there.
    update bridge.orders
    set state = 'queued', reason_code = 'balance', reason = 'the balance shows that nothing was bought: tried again',
        doubted = p_fate = 'free', next_try_at = now(), updated_at = now()
    where order_id = o.order_id;
    update bridge.line set run_at = now() where license_id = o.license_id;
  else
    update bridge.orders
    set state = 'needs_review', unsettled = true, updated_at = now(), next_try_at = null, doubted = true,
        reason_code = case when p_fate in ('not', 'free') then 'not_shown' else 'unsettled' end,
        reason = coalesce(strange, 'the answer was lost') || '; '
                 || case p_fate when 'not' then 'the balance does not show a purchase'
                                when 'free' then 'nothing was charged, but it may cost nothing'
                                else p_sentence end
    where order_id = o.order_id;
  end if;
end
$$;
