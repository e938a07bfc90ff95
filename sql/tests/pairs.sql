-- SPDX-License-Identifier: Apache-2.0
-- A pair of (account, type, ip) belongs to one service; the others wait, in the order in which they came.
\ir helper.psql
select plan(42);

-- Two services want one address.
select is(t.send('a', '{"service_id": "A"}'), 'accepted queued', 'A takes the pair');
select is(t.send('b', '{"service_id": "B"}'), 'accepted blocked', 'B waits for it');
select matches((t.o('b')).reason, 'service A', '… and says for whom');
select is(t.send('c', '{"service_id": "C"}'), 'accepted blocked', 'so does C');
select is(t.holder('cpanel', '192.0.2.1'), 'A', 'A holds it');
select is(t.claim_paid(), 'a', 'only A''s order can be claimed') ;
select t.begin('a') \g /dev/null
select t.fence('a') \g /dev/null
select t.outcome('a') \g /dev/null
select is(t.claim_paid(), null, '… and when it is bought, still nobody else''s');
select is(bridge.pairs_wake(), 0, 'nobody is woken while A has it');
select t.send('a end', '{"type": "license.terminate", "service_id": "A"}') \g /dev/null
select is(t.holder('cpanel', '192.0.2.1'), 'A', 'A has it until the end has succeeded');
select t.done('a end') \g /dev/null
select is(t.holder('cpanel', '192.0.2.1'), 'nobody', 'A lets go');
select is(t.send('d', '{"service_id": "D"}'), 'accepted blocked', 'D comes late');
select matches((t.o('d')).reason, 'promised', '… and does not overtake');
select is(bridge.pairs_wake(), 1, 'one is woken');
select is(t.holder('cpanel', '192.0.2.1'), 'B', 'B, who came first');
select is(t.state('b'), 'queued', '… can go on');
select is(t.state('c'), 'blocked pair', 'C waits');
select t.call('b') \g /dev/null
select t.refused('b') \g /dev/null
select is(t.holder('cpanel', '192.0.2.1'), 'nobody', 'a create that failed lets go');
select bridge.pairs_wake() \g /dev/null
select is(t.holder('cpanel', '192.0.2.1'), 'C', '… to the next');
select is(bridge.operator_cancel('me', t.id('c'), null), true, 'C is cancelled');
select bridge.pairs_wake() \g /dev/null
select is(t.holder('cpanel', '192.0.2.1'), 'D', '… and D follows');
select is(t.send('other type', '{"service_id": "E", "product_code": "softaculous"}'), 'accepted queued', 'another type on the address is free');
select is(t.send('other account', '{"service_id": "F", "account": "other"}'), 'accepted queued', 'the same on another account too');

-- A change of address claims the new pair when it is accepted, and one of the two is let go at the end.
select t.send('g', '{"service_id": "G", "ip": "192.0.2.10"}') \g /dev/null
select t.done('g') \g /dev/null
select is(t.send('g move', '{"type": "license.change_ip", "service_id": "G", "ip": "192.0.2.10", "new_ip": "192.0.2.11"}'), 'accepted queued', 'G moves');
select is(t.holder('cpanel', '192.0.2.11'), 'G', '… and has the new address at once');
select is(t.send('h', '{"service_id": "H", "ip": "192.0.2.11"}'), 'accepted blocked', 'H wants it too');
select t.call('g move') \g /dev/null
select t.refused('g move') \g /dev/null
select is(t.holder('cpanel', '192.0.2.11'), 'nobody', 'a move that failed lets the new address go');
select is(t.holder('cpanel', '192.0.2.10'), 'G', '… and keeps the old one');
select bridge.pairs_wake() \g /dev/null
select is(t.send('g move 2', '{"type": "license.change_ip", "service_id": "G", "ip": "192.0.2.10", "new_ip": "192.0.2.12"}'), 'accepted queued', 'G moves elsewhere');
select t.done('g move 2') \g /dev/null
select is((t.holder('cpanel', '192.0.2.10'), t.holder('cpanel', '192.0.2.12'))::text, '(nobody,G)', 'a move that succeeded lets the old one go');
select results_eq($$select host(ip), until is null from bridge.license_ip where license_id = (t.o('g')).license_id order by since$$,
                  $$values ('192.0.2.10', false), ('192.0.2.12', true)$$, '… and the history tells');
select is(t.send('g move 3', '{"type": "license.change_ip", "service_id": "G", "ip": "192.0.2.12", "new_ip": "192.0.2.11"}'), 'accepted blocked', 'G moves onto H''s address');
select is(t.head('g'), 'g move 3', '… and waits there at the head of its line');

-- A change of product does the same with the type.
select t.send('l', '{"service_id": "L", "product_code": "litespeed", "ip": "192.0.2.20"}') \g /dev/null
select t.done('l') \g /dev/null
select t.send('l up', '{"type": "license.change_product", "service_id": "L", "product_code": "litespeed", "new_product_code": "litespeed_x_core", "ip": "192.0.2.20"}') \g /dev/null
select is((t.holder('litespeed', '192.0.2.20'), t.holder('litespeed_x_core', '192.0.2.20'))::text, '(L,L)', 'a change of product claims the new type');
select t.call('l up') \g /dev/null
select t.refused('l up') \g /dev/null
select is((t.holder('litespeed', '192.0.2.20'), t.holder('litespeed_x_core', '192.0.2.20'))::text, '(L,nobody)', '… lets it go when it fails');
select t.send('l up 2', '{"type": "license.change_product", "service_id": "L", "product_code": "litespeed", "new_product_code": "litespeed_x_core", "ip": "192.0.2.20"}') \g /dev/null
select t.done('l up 2') \g /dev/null
select is((t.holder('litespeed', '192.0.2.20'), t.holder('litespeed_x_core', '192.0.2.20'))::text, '(nobody,L)', '… and the old one when it succeeds');
select is(t.send('l renew', '{"type": "license.renew", "service_id": "L", "product_code": "litespeed_x_core", "ip": "192.0.2.20"}'), 'accepted queued', 'the license goes by its new code');
select is((t.o('l renew')).license_id, (t.o('l')).license_id, '… and is the same one');

-- A failed create takes its successors and their claims with it.
select t.send('m', '{"service_id": "M", "ip": "192.0.2.40"}') \g /dev/null
select t.send('m move', '{"type": "license.change_ip", "service_id": "M", "ip": "192.0.2.40", "new_ip": "192.0.2.41", "operation_key": "km"}') \g /dev/null
select t.call('m') \g /dev/null
select t.refused('m') \g /dev/null
select is(t.state('m move'), 'failed create_failed', 'a failed create fails its successors');
select is(((t.o('m move')).key_free, (t.line('m')).pending)::text, '(t,0)', '… with free keys and nothing left in line');
select is((t.holder('cpanel', '192.0.2.40'), t.holder('cpanel', '192.0.2.41'))::text, '(nobody,nobody)', '… and no pair is kept');
-- A recycled address is taken up again only while what we terminated is still there.
select t.send('r', '{"service_id": "R", "ip": "192.0.2.50", "recycled": "renew"}') \g /dev/null
select t.done('r') \g /dev/null
select t.send('r end', '{"type": "license.terminate", "service_id": "R", "ip": "192.0.2.50"}') \g /dev/null
select t.done('r end') \g /dev/null
select t.send('s', '{"service_id": "S", "ip": "192.0.2.50", "recycled": "renew"}') \g /dev/null
select is((select w.recycle from bridge.work_rows(t.o('s'), 1) w), true, 'what R left is taken up again');
select t.done('s') \g /dev/null
select t.send('s move', '{"type": "license.change_ip", "service_id": "S", "ip": "192.0.2.50", "new_ip": "192.0.2.51"}') \g /dev/null
select t.done('s move') \g /dev/null
select t.send('u', '{"service_id": "U", "ip": "192.0.2.50", "recycled": "renew"}') \g /dev/null
select is((select w.recycle from bridge.work_rows(t.o('u'), 1) w), false, '… until S moved away with it: U buys anew');
select * from finish();
