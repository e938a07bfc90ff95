-- SPDX-License-Identifier: Apache-2.0
-- Spending windows: R1 to R9 as the database keeps them.
\ir helper.psql
select plan(51);

create function t.a(p_account text default 'main') returns bridge.account language sql as $$
  select a from bridge.account a where account = p_account
$$;
create function t.w(p_account text default 'main') returns bridge.spending_window language sql as $$
  select w from bridge.spending_window w join bridge.account a using (window_id) where a.account = p_account
$$;
create function t.learn() returns void language sql as $$
  insert into bridge.product (account, upstream_type, price) values ('main', 'cpanel', 4.5) on conflict do nothing;
  insert into bridge.product_price (account, action, upstream_type, billing_months, month_price, price)
  values ('main', 'create', 'cpanel', 1, 4.5, 4.5) on conflict do nothing;
$$;
select t.send('a', '{"service_id": "1", "ip": "192.0.2.1"}') \g /dev/null
select t.send('b', '{"service_id": "2", "ip": "192.0.2.2"}') \g /dev/null
select t.send('c', '{"service_id": "3", "ip": "192.0.2.3"}') \g /dev/null
select t.send('d', '{"service_id": "4", "ip": "192.0.2.4"}') \g /dev/null

-- R1, R2.
select is((select (state, ready, begun)::text from bridge.window_look('main', 0)), '(shut,t,)', 'work waits before a shut window');
select is((select count(*) from bridge.work_claim_paid('w1', 'main', 4, 60000)), 0::bigint, 'nothing paid is claimed before it opens');
select is(bridge.window_open('main', (t.a()).version - 1, 100, false, 4), null, 'a reading under another version opens nothing');
select isnt(bridge.window_open('main', (t.a()).version, 100, false, 4), null, 'one under this version does');
select is(bridge.window_open('main', (t.a()).version, 100, false, 4), null, '… once');
select is(((t.w()).tainted, (t.w()).balance_open)::text, '(f,100.000000)', 'it begins with the balance that was read');

-- R3: what is not learned goes alone.
select is((select count(*) from bridge.work_claim_paid('w1', 'main', 4, 60000)), 4::bigint, 'an open window has its work claimed');
select is((t.begin_code('a')).code, 'go', 'the first call, whose cost is not known …');
select is(((t.w()).solo, (t.o('a')).price, (t.o('a')).price_other)::text, '(t,4.500000,4.500000)', '… is alone in its window');
select is((t.begin_code('b')).code, 'wait', '… the others wait');
select t.fence('a') \g /dev/null
select t.outcome('a') \g /dev/null
select is((t.w()).confirmed, 4.5, 'its purchase is confirmed in the window');
select t.learn() \g /dev/null
select is(t.settle('main', 'unknown', 95.5, p_learned => 4.5), true, 'the window is settled');
select is((select price from bridge.product_price where upstream_type = 'cpanel'), 4.5, '… and what it cost is known');
select is(((t.a()).window_state, (t.a()).width, (t.a()).balance)::text, '(shut,2,95.500000)', '… the window is shut, the next one wider');

-- Several calls at once; the width holds.
select bridge.window_open('main', (t.a()).version, 95.5, false, 4) \g /dev/null
select is((t.begin_code('b')).code, 'go', 'known calls begin together');
select is((t.begin_code('c')).code, 'go', '… as many as the window is wide');
select is((t.begin_code('d')).code, 'wait', '… and no more');
select is((select (calling, doubts)::text from bridge.window_look('main', 0)), '(2,0)', 'both are on their way');
select is(t.settle(), false, 'a window with calls on their way is not settled');
select is((t.a()).window_state, 'drain', '… but lets nobody in any more');
select t.fence('b') \g /dev/null
select t.fence('c') \g /dev/null

-- R5, R6: doubt, then the balance.
select t.outcome('b', '{"to": "in_doubt", "verdict": "unsure", "doubted": true}') \g /dev/null
select is((t.a()).width, 1, 'a doubt narrows the window');
select t.outcome('c') \g /dev/null
select is((select (version = (t.a()).version, order_id = t.id('b'), price, probe)::text from bridge.window_doubts('main')),
          '(t,t,4.500000,t)', 'the doubt, with its price, may be probed for: nobody ever had the pair');
select is(bridge.probe_begin('w1', t.id('b'), 60000, 7000), true, 'one worker probes …');
select is(bridge.probe_begin('w2', t.id('b'), 60000, 7000), false, '… alone');
select bridge.probe_end('w1', t.id('b'), false) \g /dev/null
select bridge.probe_begin('w2', t.id('b'), 60000, 7000) \g /dev/null
select bridge.probe_end('w2', t.id('b'), true) \g /dev/null
select ok((t.line('b')).settle_until > now() + interval '5 s', 'a lost probe is waited for, whatever a later one is answered');
select is(bridge.window_settle('main', (t.a()).version - 1, 86.5, false, array[t.id('b')], array['done'], array[4.5], false,
                               '', null, null, 0, false, 4), false, 'a reading under another version settles nothing');
select is(t.settle('main', 'done', 86.5), true, 'one under this version does');
select is((t.state('b'), (t.o('b')).credits)::text, '("succeeded balance",4.500000)', 'what the balance shows was bought');
select is((select count(*) from bridge.ledger where order_id = t.id('b')), 1::bigint, '… and is booked once');
select is((t.a()).width, 1, 'the next window is narrow');

-- Not shown: the tray, which taints.
select is((select (from_worker, state)::text from (select t.expire('d')) x, bridge.work_takeover(10, array['main'], array[0::bigint])),
          '(w1,queued)', 'what was leased and did not begin goes back');
select t.call('d') \g /dev/null
select t.outcome('d', '{"to": "in_doubt", "verdict": "unsure", "doubted": true}') \g /dev/null
select is(t.settle('main', 'not'), true, 'a doubt that the balance does not show …');
select is((t.state('d'), (t.o('d')).unsettled)::text, '("needs_review not_shown",t)', '… is a person''s');
select t.send('e', '{"service_id": "5", "ip": "192.0.2.5"}') \g /dev/null
select t.window() \g /dev/null
select is((t.w()).tainted, true, 'a window beside it is tainted');
select t.call('e') \g /dev/null
select t.outcome('e', '{"to": "in_doubt", "verdict": "unsure", "doubted": true}') \g /dev/null
select t.settle() \g /dev/null
select is((t.state('e'), (t.o('e')).unsettled)::text, '("needs_review unsettled",t)', '… its doubts go to the tray');
select is(bridge.window_probed(t.id('e'), 1), true, 'the probe counts even there');
select is((t.state('e'), (t.o('e')).unsettled)::text, '("succeeded probe",f)', '… as found');

-- R8.
update bridge.orders set deadline = now() + interval '1 minute' where order_id = t.id('d');
select is(bridge.operator_resolve('me', t.id('d'), 'buy_again', 'x', null, 1000), 'early', 'a person waits until nothing can come late');
update bridge.orders set deadline = now() - interval '1 minute' where order_id = t.id('d');
select is(bridge.operator_resolve('me', t.id('d'), 'buy_again', 'x', null, 120000), 'early', '… the quiet time too');
select is(bridge.operator_resolve('me', t.id('d'), 'buy_again', 'looked', null, 1000), 'ok', 'then settles it');
select is((t.state('d'), (t.o('d')).unsettled, (t.o('d')).doubted)::text, '("queued buy_again",f,f)', '… to be bought again');
select is(bridge.operator_resolve('me', t.id('d'), 'happened', 'x', null, 0), 'state', '… once');
select is((select (action, order_id = t.id('d'))::text from bridge.operator_action order by action_id desc limit 1),
          '(order.resolve.buy_again,t)', '… and it is kept who did');

-- Evidence: not shown means not done.
select t.window() \g /dev/null
select is((t.w()).tainted, false, 'nothing taints any more');
select t.call('d') \g /dev/null
select t.outcome('d', '{"to": "in_doubt", "verdict": "unsure", "doubted": true}') \g /dev/null
select is(t.settle('main', 'not', 1000, true), true, 'with settle = evidence …');
select is((t.state('d'), (t.o('d')).doubted, t.head('d'))::text, '("queued balance",f,d)', '… it is tried again');

-- Alarm, short balance, pause.
select t.window() \g /dev/null
select t.settle('main', 'unknown', 900, p_alarm => 'credits are missing') \g /dev/null
select is((t.a()).alarm, 'credits are missing', 'an alarm stays');
select t.window() \g /dev/null
select is((t.w()).tainted, true, '… and taints');
select t.settle() \g /dev/null
select is(bridge.operator_acknowledge('me', 'main', 'bought by hand'), true, '… until a person has looked');
select bridge.window_open('main', (t.a()).version, 4, false, 4) \g /dev/null
select n.name from bridge.work_claim_paid('w1', 'main', 1, 60000) w join t.name n using (order_id) \g /dev/null
select is((t.begin_code('d')).code, 'short', 'what is left of the balance must pay the call');
select is((t.a()).window_state, 'drain', '… and is read again then');
select * from finish();
