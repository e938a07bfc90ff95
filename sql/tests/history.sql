-- SPDX-License-Identifier: Apache-2.0
-- Old months of history, and forgetting who a service belonged to.
\ir helper.psql
select plan(26);

create table bridge.attempt_200001 partition of bridge.attempt for values from ('2000-01-01 00:00Z') to ('2000-02-01 00:00Z');
create table bridge.event_200002 partition of bridge.event for values from ('2000-02-01 00:00Z') to ('2000-03-01 00:00Z');
select bridge.partitions_ensure() \g /dev/null

select t.send('a', '{"customer_email": "ayse@example.com"}') \g /dev/null
update bridge.orders set customer_email = 'ayse@example.com', domain = 'ayse.example.com', hwid = 'H1' where order_id = t.id('a');
update bridge.orders set created_at = '2000-02-10 00:00Z' where order_id = t.id('a');
select is((select kept from bridge.history_months(12) where name = 'attempt_200001'), 'it is not summed yet',
          'what the sums have not read stays');
select is((select count(*) from bridge.history_prune('me', 12)), 0::bigint, '… and is not dropped');
update bridge.summed set until = '2000-01-31 23:59:59Z';
select is((select kept from bridge.history_months(12) where name = 'attempt_200001'), 'it is not summed yet', '… to its last second');
update bridge.summed set until = '2000-02-01 00:00Z';
select is((select kept from bridge.history_months(12) where name = 'attempt_200001'), null, '… and no longer');
update bridge.summed set until = now();
select results_eq($$select name, month::text, kept from bridge.history_months(12)$$,
  format($$values ('attempt_200001', '2000-01-01', null), ('event_200002', '2000-02-01', 'order %s, which began before its end, is not finished')$$, t.id('a')),
  'old months are known, and which of them an order still needs');
select is((select count(*) from bridge.history_months(1200)), 0::bigint, 'a hundred years are not over');
select throws_ok($$select bridge.history_prune('me', 0)$$, '22023', null, 'a month is kept at least');
select is((select string_agg(name, ' ') from bridge.history_prune('me', 12)), 'attempt_200001', 'what nobody needs is dropped');
select is(to_regclass('bridge.attempt_200001'), null, '… it is gone');
select isnt(to_regclass('bridge.event_200002'), null, '… the rest is not');
select isnt(to_regclass('bridge.attempt_' || to_char(now() at time zone 'UTC', 'YYYYMM')), null, '… nor is this month');
select is((select detail ->> 'table' from bridge.operator_action where action = 'history.prune'), 'attempt_200001', '… and it is kept who did it');

-- Forgetting.
select t.done('a') \g /dev/null
select t.send('b', '{"type": "license.suspend", "operation_key": "b"}') \g /dev/null
select is((bridge.operator_forget('me', 's1', 'nobody', 'asked'))::text, '(unknown,0)', 'a service that nobody knows');
select is((bridge.operator_forget('me', 's1', '1', 'asked')).outcome, 'busy', 'one with an order that is not finished');
select is((t.o('a')).customer_email, 'ayse@example.com', '… nothing was forgotten');
select t.done('b') \g /dev/null
select is((bridge.operator_forget('me', 's1', '1', 'asked'))::text, '(ok,2)', 'one that rests');
select is(((t.o('a')).customer_email, (t.o('a')).domain, (t.o('a')).hwid)::text, '(,,)', '… nobody''s now');
select is((select string_agg(distinct convert_from(body, 'UTF8'), ' ') from bridge.event where order_id in (t.id('a'), t.id('b'))),
          '{"forgotten":true}', '… no bytes of its deliveries');
select is((select count(*) from bridge.attempt where order_id = t.id('a') and (request is not null or answer is not null)), 0::bigint,
          '… nor of its calls');
select is((host((t.o('a')).ip), (t.o('a')).credits::text)::text, '(192.0.2.1,4.500000)', '… but what it bought');
select is((select reason from bridge.operator_action where action = 'service.forget'), 'asked', '… and why is kept');
select is((select (bridge.operator_forget('me', 's2', '1', 'x')).outcome), 'unknown', 'another source''s service is another one');
-- A repeat is still known.
select t.send('c', '{"service_id": "77", "delivery_id": "d77", "ip": "192.0.2.77"}') \g /dev/null
select t.done('c') \g /dev/null
select bridge.operator_forget('me', 's1', '77', 'asked') \g /dev/null
select is((t.send('{"service_id": "77", "delivery_id": "d77", "ip": "192.0.2.77"}')).outcome, 'duplicate', 'a forgotten service''s delivery is still known');
select is((select string_agg(name, ' ') from bridge.history_prune('me', 12)), 'event_200002', 'the month goes when its last order has ended');
select is((select count(*) from bridge.history_months(12)), 0::bigint, '… and none is left');
select is((select count(*) from bridge.orders), 3::bigint, '… all orders are');
select * from finish();
