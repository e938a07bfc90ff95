-- SPDX-License-Identifier: Apache-2.0
-- What operators and analysts read.

create view ops.orders as
  select o.order_id, o.source, o.service_id, o.operation_key, o.type::text as type, o.state::text as state,
         o.reason_code, bridge.order_reason(o) as reason, o.attempts, o.doubted, o.provider, o.account, o.product_code, o.upstream_type,
         host(o.ip) as ip, host(o.new_ip) as new_ip, o.billing_months, o.period_end, o.sequence, o.license_id,
         o.upstream_license_id, o.panel_order_id, o.invoice_id, o.invoice_item_id, trim_scale(o.price) as price,
         trim_scale(o.credits) as credits, o.next_try_at as run_at, o.created_at, o.updated_at, o.finished_at
  from bridge.orders o;
comment on view ops.orders is 'Every order; one row each';

-- The bytes that an upstream sent, as text: they may be anything, and were cut wherever the limit fell.
create function bridge.answer_text(p_answer bytea) returns text
language plpgsql immutable security definer set search_path = pg_catalog, pg_temp as $$
begin
  for cut in 0 .. least(3, length(p_answer) - 1) loop
    begin
      return convert_from(substr(p_answer, 1, length(p_answer) - cut), 'UTF8');
    exception when character_not_in_repertoire or untranslatable_character then
      continue;
    end;
  end loop;
  return encode(p_answer, 'escape');
end
$$;

create view ops.attempts as
  select a.order_id, a.attempt, a.account, a.call, a.worker, a.started_at, a.finished_at, a.sent,
         a.verdict::text as verdict, a.reason_code, a.reason, a.http_status, a.curl_code, a.elapsed_ms, a.request,
         bridge.answer_text(a.answer) as answer, trim_scale(a.price) as price,
         trim_scale(a.balance_before) as balance_before
  from bridge.attempt a;
comment on view ops.attempts is 'Every upstream call made for an order';

create view ops.order_history as
  select h.order_id, h.at, h.from_state::text as from_state, h.to_state::text as to_state, h.reason_code, h.reason
  from bridge.order_history h;
comment on view ops.order_history is 'Every move of every order';

create view ops.licenses as
  select l.license_id, l.source, l.service_id, l.provider, l.account, l.product_code, l.upstream_type,
         l.status::text as status, host(l.ip) as ip, l.license_key, l.upstream_license_id, l.period_end, l.expires_at,
         l.bought_at, l.adopted_at, l.terminated_at, l.created_at, l.updated_at, n.pending, n.head_order, n.run_at,
         n.lease_owner, n.lease_until
  from bridge.license l join bridge.line n using (license_id);
comment on view ops.licenses is 'Licenses and the state of their lines';

create view ops.accounts as
  select a.account, a.provider, a.paused, a.pause_reason, trim_scale(a.balance) as balance, a.balance_at, a.sandbox,
         a.window_state, a.width, a.alarm, a.alarm_at
  from bridge.account a;
comment on view ops.accounts is 'Accounts with their last balance';

create view ops.products as
  select p.account, p.upstream_type, p.name, trim_scale(p.price) as price, p.visible, p.updated_at from bridge.product p;
comment on view ops.products is 'The providers'' catalogues as last read';

create view ops.orders_by_state as
  select o.state::text as state, count(*) as orders, min(o.created_at) as oldest from bridge.orders o
  where o.state not in ('succeeded', 'failed', 'cancelled') group by o.state;
comment on view ops.orders_by_state is 'Unfinished orders by state';

create view ops.refused_deliveries as
  select r.at, r.source, r.address, r.delivery_id, r.status, r.field, r.reason, encode(r.digest, 'hex') as digest,
         r.suppressed
  from bridge.refusal r;
comment on view ops.refused_deliveries is 'Deliveries that were refused';

create view ops.deliveries as
  select d.source, d.delivery_id, d.order_id, d.received_at from bridge.delivery d;
comment on view ops.deliveries is 'Acknowledged deliveries and the order each led to';

create view ops.ledger as
  select l.entry_id, l.account, l.at, l.kind, l.order_id, trim_scale(l.amount) as amount,
         trim_scale(l.balance) as balance, l.note
  from bridge.ledger l;
comment on view ops.ledger is 'Credits bought, topped up, adjusted and seen';

create view ops.operator_actions as
  select a.action_id, a.at, a.actor, a.action, a.order_id, a.account, a.reason, a.detail from bridge.operator_action a;
comment on view ops.operator_actions is 'What people did';

create view ops.workers as
  select w.worker, w.version, w.started_at, w.seen_at, w.running from bridge.worker w;
comment on view ops.workers is 'Workers and when they were last seen';

create view ops.tokens as
  select t.token_id, t.name, t.scopes, t.created_at, t.expires_at, t.revoked_at from bridge.token t;
comment on view ops.tokens is 'Operators'' tokens, without the tokens';

grant execute on function bridge.order_reason, bridge.answer_text to bridge_ops;
grant select on all tables in schema ops to bridge_ops;
grant usage on schema ops to bridge_operator;
