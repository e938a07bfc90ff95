-- SPDX-License-Identifier: Apache-2.0
-- An order moves along the table and nowhere else, and history stays.
\ir helper.psql
select plan(81 + 9 + 21);

select t.send('o', '{}') \g /dev/null

-- Forces an order into a state, without the triggers, and tries one move.
create function t.try_move(p_from bridge.order_state, p_to bridge.order_state) returns text language plpgsql as $$
begin
  set local session_replication_role = replica;
  update bridge.orders set state = p_from, key_free = false,
    finished_at = case when p_from in ('succeeded', 'failed', 'cancelled') then now() end where order_id = t.id('o');
  set local session_replication_role = origin;
  update bridge.orders set state = p_to,
    finished_at = case when p_to in ('succeeded', 'failed', 'cancelled') then now() end where order_id = t.id('o');
  return 'moved';
exception when check_violation then
  return case when sqlerrm like '%cannot move from%' then 'refused' else sqlerrm end;
end
$$;
-- Written out once more, column by column as in tests/unit/state.c: queued, blocked, held, calling, in_doubt,
-- needs_review, succeeded, failed, cancelled.  = is no move at all.
create table t.drawn (from_state bridge.order_state, moves text);
insert into t.drawn values
  ('queued', '=xxx...xx'), ('blocked', 'x=x....xx'), ('held', 'xx=....xx'), ('calling', 'x.x=xxxx.'),
  ('in_doubt', 'x...=xx..'), ('needs_review', 'x....=xx.'), ('succeeded', '......=..'), ('failed', '.......=.'),
  ('cancelled', '........=');
select is(t.try_move(d.from_state, s.to_state), case substr(d.moves, s.n::int, 1) when '.' then 'refused' else 'moved' end,
          format('%s -> %s', d.from_state, s.to_state))
from t.drawn d, unnest(enum_range(null::bridge.order_state)) with ordinality s(to_state, n);

select is((select count(*) from bridge.order_history where order_id = t.id('o')),
          (select count(*) from bridge.order_move), 'each move that was made is kept, each refused one is not');
select is(t.try_move('queued', 'held'), 'moved', 'a move …');
select results_eq($$select from_state, to_state from bridge.order_history order by at desc limit 1$$,
                  $$values ('queued'::bridge.order_state, 'held'::bridge.order_state)$$, '… is kept as it was');

-- Beginnings.
create function t.try_begin(p_state bridge.order_state) returns text language plpgsql as $$
begin
  insert into bridge.orders
  select (jsonb_populate_record(null::bridge.orders, to_jsonb(o) || jsonb_build_object(
    'order_id', 900000 + t.id('o'), 'position', 77, 'operation_key', 'k2', 'state', p_state,
    'finished_at', case when p_state in ('succeeded', 'failed', 'cancelled') then now() end))).*
  from bridge.orders o where order_id = t.id('o');
  raise exception 'begun' using errcode = 'P0001';
exception when check_violation then return 'refused';
  when raise_exception then return sqlerrm;
end
$$;
select is(t.try_begin(s), case when s in ('queued', 'blocked', 'held') then 'begun' else 'refused' end, 'begins ' || s)
from unnest(enum_range(null::bridge.order_state)) s;

-- What was asked for.
select throws_ok(format('update bridge.orders set %s', change), '23514', null, 'not changed: ' || change)
from unnest(array['operation_key = ''x''', 'fingerprint = sha256('''')', 'type = ''license.renew''', 'paid = not paid',
                  'account = ''other''', 'upstream_type = ''x''', 'ip = ''192.0.2.99''', 'new_ip = ''192.0.2.99''',
                  'billing_months = 12', 'source = ''s2''', 'order_id = order_id + 100000']) change;

-- What stays.
insert into bridge.ledger (account, kind, amount) values ('main', 'topup', 5);
insert into bridge.operator_action (actor, action) values ('me', 'test');
select throws_ok(statement, '23001', null, statement)
from unnest(array['update bridge.ledger set amount = 6', 'delete from bridge.ledger', 'truncate bridge.ledger',
                  'update bridge.operator_action set actor = ''you''', 'delete from bridge.operator_action',
                  'delete from bridge.orders', 'truncate bridge.delivery']) statement;
select * from finish();
