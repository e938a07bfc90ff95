-- SPDX-License-Identifier: Apache-2.0
-- Who may do what.  The lists are whole: a right that is not written here is one too many.
\ir helper.psql
select plan(59);

create table t.may (role text, functions text[]);
insert into t.may values
  ('bridge_intake', array['account_ensure', 'callbacks_configure', 'intake_accept', 'intake_refuse', 'order_read', 'orders_rest', 'price_read',
                          'schema_version', 'service_orders', 'source_licenses', 'token_check']),
  ('bridge_worker', array['account_doubts', 'account_ensure', 'account_pause', 'account_sweep', 'accounts_short', 'balance_store', 'balance_unread', 'balance_unreadable',
                          'budget_cool', 'budget_ease', 'budget_take',
                          'callback_ended', 'callbacks_claim', 'callbacks_configure', 'callbacks_prune', 'catalogue_take',
                          'guards_release', 'history_prune_kept', 'holds_release', 'hours_sum', 'info_store', 'license_activated', 'license_invalid', 'license_valid', 'pairs_wake', 'partitions_ensure', 'partitions_make', 'price_read', 'probe_begin', 'probe_end', 'probe_give', 'probe_take',
                          'product_store', 'product_sync',
                          'schema_version', 'sweep_end', 'sweep_take', 'tray_probes', 'window_close', 'window_doubts', 'window_expected', 'window_look',
                          'window_open', 'window_prices_hold',
                          'window_probed', 'window_settle', 'work_begin', 'work_claim', 'work_claim_paid', 'work_claim_rationed', 'work_fence', 'work_outcomes',
                          'work_return', 'work_takeover', 'worker_gone', 'worker_seen']),
  ('bridge_ops', array['ack_latencies', 'answer_text', 'balance_warning', 'budget_now', 'budget_waiting', 'call_sums', 'deliveries_find', 'licenses_find', 'order_actions', 'order_expected', 'order_read', 'order_reason',
                       'order_timeline', 'orders_find', 'orders_match', 'orders_repeated', 'schema_version', 'span_calls', 'span_credits', 'span_orders',
                       'token_check', 'utc', 'view_read']),
  ('bridge_operator', array['account_ensure', 'ack_latencies', 'answer_text', 'balance_expected', 'balance_store', 'balance_warning', 'budget_now', 'budget_waiting', 'call_sums', 'deliveries_find', 'history_months', 'history_prune', 'licenses_find',
                            'operator_acknowledge', 'operator_adjust',
                            'operator_adopt', 'operator_bulk', 'operator_callback_resend', 'operator_cancel', 'operator_forget', 'operator_free_key', 'operator_hold', 'operator_pause', 'operator_release',
                            'operator_resolve', 'operator_resume', 'operator_retry', 'operator_topup',
                            'order_actions', 'order_expected', 'order_read', 'order_reason', 'order_timeline', 'orders_find', 'orders_match', 'orders_repeated',
                             'product_store', 'product_sync', 'schema_version', 'span_calls', 'span_credits', 'span_orders', 'token_check', 'token_create',
                            'token_revoke', 'utc', 'view_read']);
-- Everybody asks whether the schema serves them.
update t.may set functions = (select array_agg(f order by f) from unnest(functions || 'schema_oldest_program'::text) f);
create view t.function as
  select p.oid, p.proname::text as name, p.prosecdef, p.proconfig from pg_proc p
  where p.pronamespace in ('bridge'::regnamespace, 'ops'::regnamespace);

select is((select array_agg(f.name order by f.name) from t.function f where has_function_privilege(m.role, f.oid, 'execute')),
          m.functions, m.role || ' may call these and no more')
from t.may m;
select is((select string_agg(f.name, ' ') from t.function f where has_function_privilege('public', f.oid, 'execute')), null,
          'nothing is everybody''s');
select is((select string_agg(f.name, ' ' order by f.name) from t.function f
           where not f.prosecdef and exists (select from t.may m where has_function_privilege(m.role, f.oid, 'execute'))),
          null, 'what others may call runs with its owner''s rights');
select is((select string_agg(f.name, ' ' order by f.name) from t.function f
           where f.prosecdef and f.proconfig[1] is distinct from 'search_path=pg_catalog, pg_temp'),
          null, '… with a fixed search path');
select is((select string_agg(f.name, ' ' order by f.name) from t.function f join pg_proc p using (oid)
           where p.proowner <> 'bridge_owner'::regrole), null, '… which is bridge_owner''s');

-- Tables and views.
create view t.relation as
  select c.oid, c.relkind, c.relname::text as name, c.relnamespace::regnamespace::text as schema from pg_class c
  where c.relnamespace in ('bridge'::regnamespace, 'ops'::regnamespace) and c.relkind in ('r', 'p', 'v', 'm', 'S');
create view t.held as
  select m.role, r.schema, r.name, v as privilege
  from t.may m, t.relation r, unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']) v
  where has_table_privilege(m.role, r.oid, v);
select is((select string_agg(h.name || ' ' || h.privilege, ', ') from t.held h where h.schema = 'bridge'), null, 'no role touches a table');
select is((select string_agg(h.name || ' ' || h.privilege, ', ') from t.held h where h.role in ('bridge_intake', 'bridge_worker')), null,
          'the front door and the workers read no view either');
select is((select string_agg(distinct h.privilege, ', ') from t.held h), 'select', 'the operators'' rooms only read');
select is((select count(*) from t.held h where h.role = m.role), (select count(*) from t.relation r where r.schema = 'ops'),
          m.role || ' reads every view')
from t.may m where m.role in ('bridge_ops', 'bridge_operator');
select is((select string_agg(r.name, ', ') from t.relation r where has_table_privilege('public', r.oid, 'select')), null, 'nothing is everybody''s');
select is(has_schema_privilege(m.role, 'bridge', 'create') or has_schema_privilege(m.role, 'ops', 'create')
          or has_schema_privilege(m.role, 'public', 'create'), false, m.role || ' makes nothing')
from t.may m;
select is((select (rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls)::text from pg_roles where rolname = m.role),
          '(f,f,f,f,f)', m.role || ' has no power besides')
from (select role from t.may union all select 'bridge_owner') m;
select is((select string_agg(roleid::regrole::text, ' ') from pg_auth_members where member = m.role::regrole),
          case m.role when 'bridge_operator' then 'bridge_ops' end, m.role || ' is nobody else')
from t.may m;

-- The same as the roles feel it.
select t.send('o', '{}') \g /dev/null
select t.send('blocked', '{"type": "license.suspend"}') \g /dev/null
create function t.as_role(p_role text, p_statement text) returns text language plpgsql as $$
declare
  answer text;
begin
  execute format('set local role %I', p_role);
  execute p_statement into answer;
  reset role;
  return answer;
exception when insufficient_privilege then
  reset role;
  return 'denied';
when object_not_in_prerequisite_state or wrong_object_type then -- a view that nobody can write to
  reset role;
  return 'impossible';
end
$$;
select is(t.as_role('bridge_intake', 'select state from bridge.order_read(' || t.id('o') || ', null)'), 'queued', 'the front door reads an order');
select is(t.as_role(role, 'select count(*) from bridge.orders'), 'denied', role || ' reads no orders') from t.may;
select is(t.as_role('bridge_intake', 'select count(*) from ops.orders'), 'denied', 'the front door reads no view');
select is(t.as_role('bridge_intake', 'select count(*) from bridge.work_claim(''x'', array[''main''], 1, 1)'), 'denied', '… and claims nothing');
select is(t.as_role('bridge_worker', 'select bridge.operator_resume(''x'', ''main'', null)'), 'denied', 'a worker is no operator');
select is(t.as_role('bridge_ops', 'select bridge.operator_resume(''x'', ''main'', null)'), 'denied', 'a reader is no operator');
-- What the front door never sees: tokens, bodies, other sources' orders; and nothing moves at its word.
select is(t.as_role('bridge_intake', s), 'denied', 'the front door: ' || s)
from unnest(array['select digest from bridge.token', 'select count(*) from ops.tokens', 'select body from bridge.event limit 1',
                  'select digest from bridge.delivery limit 1', 'update bridge.orders set state = ''cancelled''',
                  'delete from bridge.delivery', 'insert into bridge.ledger default values',
                  'select bridge.work_fence(1, 1, 1, 1000)',
                  'select count(*) from bridge.work_takeover(1, array[''main''], array[1::bigint])',
                  'select bridge.operator_cancel(''x'', 1, ''x'')',
                  'select bridge.token_create(''x'', ''x'', sha256(''x''), array[''operate''], null)']) u(s);
select is(t.as_role('bridge_intake', format('select count(*) from bridge.order_read(%s, ''s2'')', t.id('o'))), '0',
          'what one source ordered is nobody else''s');
select is((select string_agg(distinct f.name, ' ') from t.function f join pg_proc p using (oid),
                  unnest(p.proargnames, p.proargmodes) a(name, mode)
           where has_function_privilege('bridge_intake', f.oid, 'execute') and a.mode in ('o', 't')
             and a.name in ('body', 'digest', 'secret')), null, 'no answer that it gets has a body or a digest in it');

-- The operators' rooms write by the operators' functions alone: not through a view, not around it.
select is((select string_agg(format('%s %s', m.role, r.name), ', ')
           from t.relation r, (values ('bridge_ops'), ('bridge_operator')) m(role),
                unnest(array['insert into %I.%I default values', 'delete from %I.%I', 'truncate %I.%I']) s
           where r.relkind <> 'S'
             and coalesce(t.as_role(m.role, format(s, r.schema, r.name)), 'done') not in ('denied', 'impossible')),
          null, 'no table and no view takes a row, or gives one up');
select is((select string_agg(f.name, ' ' order by f.name) from t.function f join pg_proc p using (oid)
           where p.provolatile = 'v' and has_function_privilege('bridge_ops', f.oid, 'execute')), null,
          'what a reader may call changes nothing');
select is(t.as_role('bridge_operator', 'select bridge.work_fence(1, 1, 1, 1000)'), 'denied', 'an operator is no worker');
select is(t.as_role('bridge_operator', 'select count(*) from bridge.window_doubts(''main'')'), 'denied', '… and judges no window');
select is(t.as_role(role, format('select reason from ops.orders where order_id = %s', t.id('blocked'))),
          format('waits for order %s of the same license', t.id('o')), role || ' reads why an order waits')
from t.may where role in ('bridge_ops', 'bridge_operator');

-- Every view answers, whatever the upstream sent.
select t.call('o') \g /dev/null
select t.outcome('o') \g /dev/null
update bridge.attempt set answer = '\xff00c3' where order_id = t.id('o');
select is(t.as_role('bridge_ops', 'select answer from ops.attempts'), '\377\000\303', 'bytes that are no text are shown as bytes');
update bridge.attempt set answer = convert_to('yetersiz bakiye ş', 'UTF8') where order_id = t.id('o');
select is(t.as_role('bridge_ops', 'select answer from ops.attempts'), 'yetersiz bakiye ş', 'text is shown as text');
update bridge.attempt set answer = substr(answer, 1, length(answer) - 1) where order_id = t.id('o');
select is(t.as_role('bridge_ops', 'select answer from ops.attempts'), 'yetersiz bakiye ', '… also when it was cut in a letter');
select is((select string_agg(r.name, ' ') from t.relation r where r.schema = 'ops'
           and t.as_role('bridge_ops', format('select count(*) from (select v::text from ops.%I v) x', r.name)) = 'denied'),
          null, 'bridge_ops can read each view');
select * from finish();
