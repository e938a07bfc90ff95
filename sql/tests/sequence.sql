-- SPDX-License-Identifier: Apache-2.0
-- One license's orders: by sequence where given, by arrival otherwise; what has begun stays at the head.
\ir helper.psql
select plan(36);

select t.send('a', '{"sequence": 1}') \g /dev/null
select is(t.send('s', '{"type": "license.suspend", "sequence": 5}'), 'accepted blocked', 'a suspend behind an unsettled create');
select is(t.state('s'), 'blocked line', '… waits in line');
select is(bridge.order_reason(t.o('s')), format('waits for order %s of the same license', t.id('a')), '… and says for what');
select is(t.claim(), null, '… and cannot be claimed');
select t.done('a') \g /dev/null
select is((t.head('a'), t.state('s'))::text, '(s,queued)', 'the create is done: it is its turn');
select is((t.line('a')).run_at <= now(), true, '… at once');

-- Sequences of what has not begun.
select is(t.send('u', '{"type": "license.unsuspend", "sequence": 3}'), 'accepted queued', 'a lower sequence goes first');
select is((t.head('a'), t.state('s'))::text, '(u,"blocked line")', '… and the former head waits');
select is(t.send('n', '{"type": "license.renew"}'), 'accepted blocked', 'one without a sequence');
select is((t.o('n')).order_sequence, 5::bigint, '… goes behind the highest');
select is(t.claim(), 'u', 'the first is called');
select is(t.send('z', '{"type": "license.unsuspend", "sequence": 2}'), 'accepted blocked', 'what has begun stays at the head');
select is(t.head('a'), 'u', '… whoever comes');
select is(t.outcome('u', '{"to": "queued", "code": "later", "verdict": "later", "wait_ms": 0}'), 'true queued', 'it is to be tried again');
select is(t.send('y', '{"type": "license.unsuspend", "sequence": 1}'), 'accepted blocked', '… and has still begun');
select is(t.claim(), 'u', '… so it is called again');
select is(t.outcome('u'), 'true succeeded', '… and done');
select is(t.state('y'), 'cancelled superseded', 'an unsuspend below what was carried out is cancelled');
select is(t.state('z'), 'cancelled superseded', '… each of them');
select matches((t.o('z')).reason, 'sequence 3', '… naming the sequence');
select is(t.head('a'), 's', 'the next in line is called forward');
select t.done('s') \g /dev/null
select is((select status from bridge.license where license_id = (t.o('a')).license_id), 'suspended', 'the license is suspended');
select is((t.head('a'), t.state('n'))::text, '(n,queued)', 'and then the one that had none');
select is(t.send('paid late', '{"type": "license.renew", "sequence": 0}'), 'accepted queued', 'a renewal below what was carried out');
select is((t.head('a'), t.state('n'))::text, '("paid late","blocked line")', '… is paid work: never dropped');
select t.done('paid late') \g /dev/null
select t.done('n') \g /dev/null
select is(((t.line('a')).pending, (t.line('a')).head_order, (t.line('a')).run_at)::text, '(0,,)', 'an empty line has nothing to claim');
select is((select count(*) from bridge.ledger where kind = 'purchase'), 3::bigint, 'three purchases, three entries');

-- An end bars what comes after it in the line.
select t.send('e', '{"type": "license.terminate"}') \g /dev/null
select t.send('late renew', '{"type": "license.renew"}') \g /dev/null
select t.send('late suspend', '{"type": "license.suspend"}') \g /dev/null
select t.done('e') \g /dev/null
select is(t.state('late renew'), 'failed terminated', 'a renewal behind the end fails');
select is((t.o('late renew')).key_free, true, '… with a free key');
select is(t.head('a'), 'late suspend', 'a suspend may still be repeated');

-- A doubtful call of the order before may still act.
select t.send('b', '{"service_id": "2", "ip": "192.0.2.2"}') \g /dev/null
select t.done('b') \g /dev/null
select t.send('b1', '{"type": "license.suspend", "service_id": "2", "ip": "192.0.2.2"}') \g /dev/null
select t.send('b2', '{"type": "license.unsuspend", "service_id": "2", "ip": "192.0.2.2"}') \g /dev/null
select t.call('b1') \g /dev/null
select t.outcome('b1', '{"to": "queued", "code": "unsure", "verdict": "unsure", "doubted": true, "wait_ms": 0, "settle_ms": 600000}') \g /dev/null
select is((t.line('b')).run_at <= now(), true, 'an unsure suspend is repeated at once');
select t.done('b1') \g /dev/null
select is(t.state('b2'), 'queued settle', 'the order behind it');
select ok((t.line('b')).run_at between now() + interval '9 minutes' and now() + interval '11 minutes', '… waits until the first can no longer act');

-- A create that is not settled holds its successors.
select t.send('c', '{"service_id": "3", "ip": "192.0.2.3"}') \g /dev/null
select t.send('c1', '{"type": "license.suspend", "service_id": "3", "ip": "192.0.2.3"}') \g /dev/null
select t.call('c') \g /dev/null
select t.outcome('c', '{"to": "in_doubt", "code": "unsure", "verdict": "unsure", "doubted": true}') \g /dev/null
select is(t.state('c'), 'in_doubt unsure', 'a doubtful create');
select is((t.head('c'), t.state('c1'), (t.line('c')).run_at)::text, '(c,"blocked line",)', '… holds its successors');
select is(t.send('c2', '{"type": "license.unsuspend", "service_id": "3", "ip": "192.0.2.3", "sequence": 0}'), 'accepted blocked', '… and newcomers');
select * from finish();
