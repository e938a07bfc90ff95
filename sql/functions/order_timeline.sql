-- SPDX-License-Identifier: Apache-2.0
-- All that happened to an order, oldest first, as the API shows it (docs/ops-api.md).
-- Touches: delivery, event, order_history, attempt, operator_action, ledger, spending_window, orders (read).
create or replace function bridge.order_timeline(p_order bigint) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return (
    with item as (
      select d.received_at as at, 1 as rank, jsonb_build_object(
        'kind', 'delivery', 'delivery_id', d.delivery_id, 'address', e.address, 'repeated', e.order_id is null,
        'body', bridge.event_shown(e.body)) as said
      from bridge.delivery d
      left join bridge.event e on e.order_id = d.order_id and e.source = d.source and e.delivery_id = d.delivery_id
      where d.order_id = p_order
      union all
      select h.at, 5, jsonb_build_object(
        'kind', 'move', 'from', h.from_state, 'to', h.to_state, 'reason_code', h.reason_code, 'reason', h.reason)
      from bridge.order_history h where h.order_id = p_order
      union all
      select a.started_at, 2, jsonb_build_object(
        'kind', 'call', 'attempt', a.attempt, 'call', a.call, 'account', a.account, 'worker', a.worker, 'sent', a.sent,
        'request', a.request, 'price', trim_scale(a.price)::text, 'balance_before', trim_scale(a.balance_before)::text,
        'window_id', a.window_id::text)
      from bridge.attempt a where a.order_id = p_order
      union all
      select coalesce(a.late_at, a.finished_at), 3, jsonb_build_object(
        'kind', 'answer', 'attempt', a.attempt, 'verdict', a.verdict, 'http_status', a.http_status,
        'curl_code', a.curl_code, 'elapsed_ms', a.elapsed_ms, 'reason_code', a.reason_code, 'reason', a.reason,
        'answer', bridge.answer_text(a.answer))
      from bridge.attempt a where a.order_id = p_order and a.finished_at is not null
      union all
      select l.at, 4, jsonb_build_object(
        'kind', 'balance', 'window_id', w.window_id::text, 'ledger_kind', l.kind, 'amount', trim_scale(l.amount)::text,
        'balance', trim_scale(l.balance)::text, 'note', l.note, 'order_id', l.order_id::text)
      from bridge.orders o
      join bridge.spending_window w using (window_id)
      cross join lateral (
        select x.* from bridge.ledger x
        where x.account = w.account and x.at between w.opened_at and coalesce(w.closed_at, now())
          and (x.kind <> 'purchase' or x.order_id = o.order_id)
        order by x.at limit 100) l
      where o.order_id = p_order
      union all
      select p.at, 6, jsonb_build_object('kind', 'action', 'actor', p.actor, 'action', p.action, 'reason', p.reason)
      from bridge.operator_action p where p.order_id = p_order
    )
    select coalesce(jsonb_agg(jsonb_build_object('at', bridge.utc(i.at)) || i.said order by i.at, i.rank), '[]')
    from item i);
end
$$;
grant execute on function bridge.order_timeline to bridge_ops;
