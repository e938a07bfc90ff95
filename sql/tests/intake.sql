-- SPDX-License-Identifier: Apache-2.0
-- Keys and deliveries: what makes an order, what leads to the same one, what is refused.
\ir helper.psql
select plan(44);

-- One create.
select is(t.send('a', '{"delivery_id": "d1", "operation_key": "k1", "digest": "body"}'), 'accepted queued', 'a create');
select is((select (status, host(ip))::text from bridge.license), '(pending,192.0.2.1)', '… makes a license');
select is((t.line('a')).pending, 1, '… one order in line');
select is((select convert_from(body, 'UTF8') from bridge.event), 'body', '… and keeps the bytes');
select is(t.send('x', '{"delivery_id": "d1", "operation_key": "k1", "digest": "body"}'), 'duplicate queued', 'the delivery again');
select is(t.id('x'), t.id('a'), '… is the same order');
select is(t.send('x', '{"delivery_id": "d1", "operation_key": "k1", "digest": "other"}'), 'conflict queued', 'other bytes under its id');
select is(t.send('x', '{"source": "s2", "delivery_id": "d1", "service_id": "7", "ip": "192.0.2.7"}'), 'accepted queued',
          'the id of another source''s delivery is another delivery');

-- The key under a new delivery id.
select is(t.send('x', '{"delivery_id": "d2", "operation_key": "k1"}'), 'duplicate queued', 'the key in a new delivery');
select is(t.id('x'), t.id('a'), '… is the same order');
select is((select count(*) from bridge.delivery where order_id = t.id('a')), 2::bigint, '… and both deliveries are known');
select is(t.send('x', '{"delivery_id": "d2", "operation_key": "k1", "digest": "other"}'), 'conflict queued', '… by their bytes');
select is(t.send('x', '{"delivery_id": "d3", "operation_key": "k1", "ip": "192.0.2.2"}'), 'refused data.operation_key',
          'the key with other content');
select is((select count(*) from bridge.delivery where delivery_id = 'd3'), 0::bigint, '… leaves no delivery');
select is(t.send('x', '{"source": "s2", "operation_key": "k1", "service_id": "8", "ip": "192.0.2.8"}'), 'accepted queued',
          'the key of another source is another key');

-- A live license.
select is(t.send('x', '{"operation_key": "k9"}'), 'refused data.service_id', 'a create on a license that is being bought');
select t.done('a') \g /dev/null
select is((t.o('a')).state, 'succeeded', 'bought');
select is(t.send('x', '{"operation_key": "k9"}'), 'refused data.service_id', 'a create on a live license');
select is(t.send('x', '{"delivery_id": "d1", "operation_key": "k1", "digest": "body"}'), 'duplicate succeeded', 'the first delivery again');
select is((select count(*) from bridge.license where service_id = '1'), 1::bigint, 'refusals make no license');

-- A key is free again after a definite refusal and only then.
select t.send('b', '{"delivery_id": "b1", "operation_key": "kb", "service_id": "2", "ip": "192.0.2.12", "digest": "b"}') \g /dev/null
select t.call('b') \g /dev/null
select is(t.refused('b'), 'true failed', 'a create is refused');
select is((t.o('b')).key_free, true, '… nothing was bought: its key is free');
select is(t.send('b2', '{"delivery_id": "b2", "operation_key": "kb", "service_id": "2", "ip": "192.0.2.13"}'), 'accepted queued',
          'the free key makes a new order, with other content too');
select isnt(t.id('b2'), t.id('b'), '… not the old one');
select is(t.send('x', '{"delivery_id": "b1", "operation_key": "kb", "service_id": "2", "ip": "192.0.2.12", "digest": "b"}'),
          'duplicate failed', 'the old delivery');
select is(t.id('x'), t.id('b'), '… still leads to the old order');
select t.call('b2') \g /dev/null
select t.outcome('b2', '{"to": "in_doubt", "verdict": "unsure", "doubted": true}') \g /dev/null
select is(t.state('b2'), 'in_doubt done', 'a doubt');
select t.settle() \g /dev/null
update bridge.orders set deadline = now() where order_id = t.id('b2');
select is(bridge.operator_resolve('me', t.id('b2'), 'did_not_happen', 'seen', null, 0), 'ok', '… that a person settles …');
select is((t.o('b2')).key_free, false, '… as not bought keeps its key');
select is(t.send('x', '{"operation_key": "kb", "service_id": "2", "ip": "192.0.2.13"}'), 'duplicate failed', '… so nothing new is made');

-- Renewals.
select is(t.send('x', '{"type": "license.renew", "service_id": "nobody"}'), 'refused data.service_id', 'a renewal of an unknown license');
select is((select count(*) from bridge.license where service_id = 'nobody'), 0::bigint, '… makes no license');
select is(t.send('r1', '{"type": "license.renew", "period_end": "2027-01-01"}'), 'accepted queued', 'a renewal');
select is(t.send('r2', '{"type": "license.renew", "period_end": "2027-01-01"}'), 'accepted held', 'a second one of its period');
select matches((t.o('r2')).reason, t.id('r1')::text, '… is held, naming the first');
select is((t.line('r1')).pending, 1, '… outside the line');
select is(t.send('r3', '{"type": "license.renew", "period_end": "2027-02-01"}'), 'accepted blocked', 'one of the next period');
select t.done('r1') \g /dev/null
select is(t.head('r1'), 'r3', 'the held one does not block it');
select is(bridge.operator_release('me', t.id('r2'), 'really twice'), true, 'a person lets the second go');
select is((t.line('r1')).pending, 2, '… into the line');

-- After the end.
select t.done('r2') \g /dev/null
select t.done('r3') \g /dev/null
select t.send('e', '{"type": "license.terminate"}') \g /dev/null
select t.done('e') \g /dev/null
select is(t.send('x', '{"type": "license.renew", "period_end": "2028-01-01"}'), 'refused data.service_id', 'a renewal after the end');
select is(t.send('again', '{"operation_key": "k10"}'), 'accepted queued', 'a create after the end');

-- A product that the provider hides.
insert into bridge.product (account, upstream_type, price, visible) values ('main', 'hidden', 1, false);
select is(t.send('x', '{"product_code": "hidden", "service_id": "30", "ip": "192.0.2.30"}'), 'refused data.product_code', 'a hidden product');
select is(t.send('x', '{"type": "license.suspend", "product_code": "hidden", "service_id": "30", "ip": "192.0.2.30"}'), 'accepted queued',
          '… can still be suspended');
select * from finish();
