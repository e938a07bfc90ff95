-- SPDX-License-Identifier: Apache-2.0
-- What operators read: finding orders, pages, sums, the views.
\ir helper.psql
select no_plan();

create function t.found(p_filter jsonb, p_before bigint default null, p_limit int default 100) returns text language sql as $$
  select coalesce(string_agg(n.name, ' ' order by f.order_id desc), '') || coalesce(' > ' || max(f.next), '')
  from bridge.orders_find(p_filter, p_before, p_limit) f left join t.name n on n.order_id = f.order_id
$$;
select is(t.found('{}'), '', 'where there is nothing, nothing is found');
select t.send('a', '{"service_id": "1", "ip": "192.0.2.1", "operation_key": "ka", "delivery_id": "da"}') \g /dev/null
select t.send('b', '{"service_id": "2", "ip": "192.0.2.2", "source": "s2", "operation_key": "ka", "delivery_id": "db"}') \g /dev/null
select t.send('c', '{"service_id": "1", "ip": "192.0.2.1", "type": "license.suspend"}') \g /dev/null
select t.send('d', '{"service_id": "4", "ip": "192.0.2.1"}') \g /dev/null
select is(t.found('{}'), 'd c b a', 'the newest first');
select is(t.found('{}', null, 2), 'd c > ' || t.id('c'), 'a full page has a next one');
select is(t.found('{}', t.id('c'), 2), 'b a > ' || t.id('a'), '… which goes on below it');
select is(t.found('{}', t.id('a'), 2), '', '… to the end');
select is(t.found('{"state": "queued"}'), 'b a', 'by state');
select is(t.found('{"state": "blocked,queued"}'), 'd c b a', '… by states');
select is(t.found('{"state": "blocked,queued"}', null, 3), 'd c b > ' || t.id('b'), '… by pages');
select is(t.found('{"state": "succeeded"}'), '', '… of which there is none');
select is(t.found('{"source": "s2"}'), 'b', 'by source');
select is(t.found('{"service": "1"}'), 'c a', 'by service');
select is(t.found('{"service": "1", "type": "license.suspend"}'), 'c', '… and type');
select is(t.found('{"ip": "192.0.2.1"}'), 'd c a', 'by address, one that waits for it included');
select is(t.found('{"key": "ka"}'), 'b a', 'by key, whatever the source');
select is(t.found('{"key": "ka", "source": "s1"}'), 'a', '… of one source');
select is(t.found('{"key": "db"}'), 'b', 'by webhook-id');
select is(t.found('{"text": "192.0.2.2"}'), 'b', 'a word may be an address');
select is(t.found('{"text": "192.0.2"}'), '', '… but not half of one');
select is(t.found(jsonb_build_object('text', t.id('c')::text)), 'c', '… an order');
select is(t.found('{"text": "4"}'), 'd', '… a service');
select is(t.found('{"text": "da"}'), 'a', '… a webhook-id');
select is(t.found('{"text": "nothing of the kind"}'), '', '… or nothing');
select is((select array_agg(m.order_id order by m.order_id) from bridge.orders_match('{"source": "s1"}', 'queued,blocked', 0, 10) m),
          array[t.id('a'), t.id('c'), t.id('d')], 'a bulk finds orders in the states that its action takes');
select is((select count(*) from bridge.orders_match('{"state": "held"}', 'queued,blocked', 0, 10)), 0::bigint,
          '… and none where the filter asks for others');
select is((select count(*) from bridge.orders_match('{"source": "s1"}', 'queued,blocked', t.id('c'), 10)), 2::bigint,
          '… none younger than what was shown');
select is((select count(*) from bridge.orders_match('{"source": "s1"}', 'queued,blocked', 0, 2)), 2::bigint, '… no more than asked for');

-- Bulk.
select is(bridge.operator_bulk('me', 'hold', array[t.id('a'), t.id('c'), 999999, t.id('c')], 'look'), 2,
          'a bulk changes what can be changed, once');
select is(t.state('a') || ' ' || t.state('c'), 'held operator_hold held operator_hold', '… and nothing else');
select is((select count(*) from bridge.operator_action where action = 'order.hold' and actor = 'me'), 2::bigint, '… each is kept');
select is(bridge.operator_bulk('me', 'release', array[t.id('a'), t.id('c'), t.id('b')], null), 2, '… and back');
select throws_ok('select bridge.operator_bulk(''me'', ''resolve'', array[1], ''x'')', '22023', null, 'nothing is settled in bulk');
update bridge.line set settle_until = now() + interval '1 hour' where license_id = (t.o('b')).license_id;
select is(bridge.operator_bulk('me', 'retry', array[t.id('b'), t.id('a')], null), 1, 'what must still wait waits, the others go on');
update bridge.line set settle_until = null where license_id = (t.o('b')).license_id;

-- A freed key.
select is(bridge.operator_free_key('me', t.id('a'), 'x'), false, 'a living order''s key is not freed');

-- Masking.
select is(bridge.json_masked('{"a": {"Password": "x", "list": [{"api_key": "y", "n": 1}], "token": null}}'),
          '{"a": {"Password": "***", "list": [{"api_key": "***", "n": 1}], "token": null}}', 'what is called secret is not shown');
select is(bridge.event_shown('\xff'), null, 'bytes that are no document are not shown as one');

-- Sums of hours.
select is(bridge.hours_sum(10), 0, 'at first the end of the sum is only marked');
alter table bridge.orders disable trigger orders_fixed;
update bridge.orders set created_at = created_at - interval '3 hours' where order_id <= t.id('b');
update bridge.delivery set received_at = received_at - interval '3 hours' where order_id <= t.id('b');
alter table bridge.orders enable trigger orders_fixed;
insert into bridge.order_history (order_id, at, from_state, to_state) values
  (1, now() - interval '3 hours', 'calling', 'succeeded'), (1, now() - interval '3 hours', 'calling', 'failed'),
  (1, now(), 'calling', 'failed');
insert into bridge.attempt (order_id, attempt, account, call, worker, epoch, started_at, finished_at, verdict) values
  (1, 1, 'main', 'x', 'w', 1, now() - interval '3 hours', now() - interval '3 hours', 'unsure'),
  (1, 2, 'main', 'x', 'w', 1, now() - interval '3 hours', now() - interval '3 hours', 'done'),
  (1, 3, 'main', 'x', 'w', 1, now(), now(), 'later');
insert into bridge.ledger (account, at, kind, order_id, amount) values
  ('main', now() - interval '3 hours', 'purchase', 1, 4), ('main', now(), 'purchase', 2, 3),
  ('main', now() - interval '3 hours', 'adjustment', null, -1), ('main', now() - interval '3 hours', 'topup', null, 50);
create table t.before as select * from ops.activity_hourly;
select pg_sleep(1.1) \g /dev/null
create table t.days as select * from ops.credits_spent_daily;
select ok(bridge.hours_sum(100) between 4 and 6, 'what is over is summed, hour by hour');
select is(bridge.hours_sum(100), 0, '… once');
select is((select (h.accepted, h.succeeded, h.failed)::text from bridge.hour h where h.accepted > 0 order by h.hour limit 1), '(2,1,1)', '… rightly');
select is((select (calls, errors, purchases, spent, topups, adjustments)::text from bridge.hour_account order by hour limit 1),
          '(2,1,1,4.000000,50.000000,-1.000000)', '… calls and credits too');
select results_eq('select * from ops.activity_hourly order by hour', 'select * from t.before order by hour', 'summed or counted, the last hours look the same');
select results_eq('select * from ops.credits_spent_daily order by account, day', 'select * from t.days order by account, day', '… and the days');
select is((select sum(spent + adjustments) from ops.credits_spent_daily), 6::numeric, '… with all that was spent');
select is((select count(*) from ops.activity_hourly), 24::bigint, 'each of 24 hours has its row');

select is((select string_agg(c.relname, ' ' order by c.relname) from pg_class c
           where c.relnamespace = 'ops'::regnamespace and c.relkind = 'v' and obj_description(c.oid) is null), null,
          'each view says what it is');
-- What each view is for, in one row.
select is((select string_agg(w.state || ' ' || w.order_id, ', ' order by w.order_id) from ops.oldest_waiting w where w.order_id = t.id('b')),
          'queued ' || t.id('b'), 'oldest_waiting');
update bridge.orders set attempts = 1, reason_code = 'timeout', reason = 'no answer' where order_id = t.id('b');
select is((select order_id from ops.retry_queue), t.id('b'), 'retry_queue: what was tried and will be again');
select is((select blocked || ' ' || head_order from ops.blocked_licenses where service_id = '1'), '1 ' || t.id('a'), 'blocked_licenses and what is ahead');
select is((select orders || ' ' || last_order from ops.failure_reasons_24h), '2 1', 'failure_reasons_24h');
update bridge.attempt set elapsed_ms = 100 * attempt, started_at = now() where order_id = 1 and started_at > now() - interval '1 hour';
select is((select p50_ms || ' ' || p99_ms || ' ' || calls from ops.upstream_latency_1h where account = 'main' and call is null), '300 300 1', 'upstream_latency_1h');
select is((select verdict || ' ' || calls from ops.upstream_errors_1h), 'later 1', 'upstream_errors_1h');
insert into bridge.license_ip (license_id, ip, order_id) values ((t.o('a')).license_id, '192.0.2.77', null);
select is((select string_agg(service_id, ' ' order by service_id) from ops.licenses_by_ip where ip = '192.0.2.1'), '1 4', 'licenses_by_ip: now');
select is((select service_id from ops.licenses_by_ip where ip = '192.0.2.77'), '1', '… and before');
select is((select orders || ' ' || unfinished from ops.customer_licenses where service_id = '1' and product_code = 'cpanel'), '2 2', 'customer_licenses');
update bridge.license set status = 'active', period_end = (now() at time zone 'UTC')::date + 3 where license_id = (t.o('a')).license_id;
update bridge.license set status = 'active', period_end = (now() at time zone 'UTC')::date - 2 where license_id = (t.o('b')).license_id;
select is((select service_id || ' ' || renewal_waits from ops.licenses_expiring), '1 false', 'licenses_expiring');
select is((select service_id || ' ' || days from ops.renewals_overdue), '2 2', 'renewals_overdue');
insert into bridge.delivery (source, delivery_id, digest, order_id, received_at)
  select 's2', 'again', sha256('x'), t.id('b'), o.created_at + interval '1 minute' from bridge.orders o where o.order_id = t.id('b');
select is((select order_id || ' ' || repeats from ops.duplicate_deliveries), t.id('b') || ' 1', 'duplicate_deliveries');
select is((select repeated from bridge.deliveries_find(null, null, 'again', null, 10)), true, '… and the list says so');
select t.send('timed', jsonb_build_object('service_id', '9', 'ip', '192.0.2.9', 'event_ms', (extract(epoch from now()) * 1000 - 1500)::bigint)) \g /dev/null
select ok((select p50_s between 1.4 and 6 and orders = 1 from ops.ack_latency_1h where source = 's1'), 'ack_latency_1h');
select ok((select proconfig @> array['jit=off', 'max_parallel_workers_per_gather=0'] from pg_proc where proname = 'ack_latencies'),
          '… asked without JIT and parallel workers, which would take longer than it');
select bridge.worker_seen('w1', '1', 2) \g /dev/null
select is((select worker || ' ' || alive || ' ' || running from ops.worker_status), 'w1 true 2', 'worker_status');
select ok((select bytes > 0 from ops.table_health where "table" = 'orders'), 'table_health');
insert into bridge.callback (source, type, payload, lane) values ('s1', 'order.failed', '{}', 'service:1');
select is((select waiting from ops.callbacks_pending where source = 's1'), 1::bigint, 'callbacks_pending');
insert into bridge.budget (account, endpoint, egress, requests, per, types) values ('zone', 'activate.php', 'x', 60, '1 hour', '{license.create}');
select is((select free || ' ' || waiting from ops.rate_budget), '60 0', 'rate_budget');
select is((select count(*) from ops.in_doubt), 0::bigint, 'in_doubt is empty where nothing is');
select is((select (accepted, succeeded, failed)::text from ops.totals), '(5,1,2)', 'totals: summed and counted together');
select is((select calls || ' ' || errors || ' ' || spent from ops.call_totals where account = 'main'), '3 2 7', 'call_totals');
select ok((select count(*) > 0 from ops.overview_warnings where kind = 'oldest_waiting'), 'overview_warnings');
select * from finish();
