-- SPDX-License-Identifier: Apache-2.0
-- Spending windows: R1 to R9 as the database keeps them.
\ir helper.psql
select plan(111);

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
select bridge.worker_seen('w1', 'test', 0) \g /dev/null
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
select is((select (version = (t.a()).version, order_id = t.id('b'), price, probe)::text from bridge.account_doubts('main')),
          '(t,t,4.500000,t)', 'the doubt, with its price, may be probed for: nobody ever had the pair');
create function t.take(p_worker text, p_name text) returns bigint language sql as $$
  select bridge.probe_take(p_worker, t.id(p_name), 60000, 7000)
$$;
create function t.give(p_worker text, p_name text, p_certain boolean, p_epoch bigint default null) returns void language sql as $$
  select bridge.probe_give(p_worker, t.id(p_name), coalesce(p_epoch, (t.line(p_name)).lease_epoch), p_certain)
$$;
select is(t.take('w1', 'b'), (t.line('b')).lease_epoch, 'one worker probes …');
select is(t.take('w2', 'b'), null, '… alone');
select t.give('w1', 'b', true, (t.line('b')).lease_epoch - 1) \g /dev/null
select is((t.line('b')).lease_owner, 'w1', '… and only the probe that took the line gives it back');
select t.give('w1', 'b', false) \g /dev/null
select t.take('w2', 'b') \g /dev/null
select t.give('w2', 'b', true) \g /dev/null
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
select is((select (account, order_id = t.id('d'), upstream_type, ip)::text from bridge.tray_probes()), '(main,t,cpanel,192.0.2.4)',
          'what lies there is looked for …');
select isnt(t.take('w1', 'd'), null, '… by one worker …');
select t.give('w1', 'd', true) \g /dev/null
select ok((t.o('d')).next_try_at >= now() + interval '6 s', '… again after a while …');
select is((select order_id from bridge.tray_probes()), t.id('e'), '… the others meanwhile');
select t.window() \g /dev/null
select is(bridge.window_probed(t.id('e'), 1), true, 'the probe counts even there');
select is((t.state('e'), (t.o('e')).unsettled)::text, '("succeeded probe",f)', '… as found');
select is(((t.a()).window_state, (t.w()).tainted)::text, '(open,t)', 'while another doubt lies there, the window goes on');

-- R8.
update bridge.orders set deadline = now() + interval '1 minute' where order_id = t.id('d');
select is(bridge.operator_resolve('me', t.id('d'), 'buy_again', 'x', null, 1000), 'early', 'a person waits until nothing can come late');
update bridge.orders set deadline = now() - interval '1 minute' where order_id = t.id('d');
select is(bridge.operator_resolve('me', t.id('d'), 'buy_again', 'x', null, 120000), 'early', '… the quiet time too');
select is(bridge.operator_resolve('me', t.id('d'), 'buy_again', 'looked', null, 1000), 'ok', 'then settles it');
select is(((t.a()).window_state, (t.w()).state)::text, '(drain,drain)', '… and with the last one the tainted window ends');
select t.settle() \g /dev/null
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

-- What may have cost nothing: an address where a license of ours was.
select t.send('f', '{"service_id": "6", "ip": "192.0.2.6"}') \g /dev/null
update bridge.pair set owned_at = now() - interval '1 year', terminated_at = now() where ip = '192.0.2.6';
update bridge.line set run_at = null where head_order = t.id('d');
select t.window() \g /dev/null
select t.call('f') \g /dev/null
select is((select (w.solo, (t.o('f')).may_be_free, (t.o('f')).price_other)::text from t.w() w), '(t,t,4.500000)',
          'a create there goes alone, though its price is known');
select t.outcome('f', '{"to": "in_doubt", "verdict": "unsure", "doubted": true}') \g /dev/null
select is((select (may_be_free, probe)::text from bridge.account_doubts('main')), '(t,f)', '… it may be free, and cannot be looked for');
select is(t.settle('main', 'free', 1000, false), true, 'without a charge …');
select is((t.state('f'), (t.o('f')).unsettled)::text, '("needs_review not_shown",t)', '… it is a person''s under settle = operator');
select is((select count(*) from bridge.tray_probes()), 0::bigint, '… whom no probe helps');
update bridge.orders set deadline = now() - interval '1 minute' where order_id = t.id('f');
select is(bridge.operator_resolve('me', t.id('f'), 'buy_again', 'looked', null, 0), 'ok', 'bought again …');
select t.window() \g /dev/null
select t.call('f') \g /dev/null
select t.outcome('f', '{"to": "in_doubt", "verdict": "unsure", "doubted": true}') \g /dev/null
select is(t.settle('main', 'free', 1000, true), true, '… and in doubt again, under settle = evidence …');
select is((t.state('f'), (t.o('f')).doubted)::text, '("queued balance",t)', '… it is tried again, and a refusal is still no failure');
select t.window() \g /dev/null
select t.call('f') \g /dev/null
select t.outcome('f') \g /dev/null
select t.settle('main', 'unknown', 1000, p_learned => 0) \g /dev/null
select is((select count(*) from bridge.product_price where price = 0), 0::bigint, 'what it cost in the end teaches nothing');

-- An answer that names another order's license.
update bridge.license set upstream_license_id = '77' where license_id = (t.o('b')).license_id;
select t.send('g', '{"service_id": "7", "ip": "192.0.2.7"}') \g /dev/null
select t.window() \g /dev/null
select t.call('g') \g /dev/null
select t.outcome('g', '{"upstream_id": "77"}') \g /dev/null
select is((t.state('g'), (t.a()).window_state)::text, '("in_doubt foreign_answer",drain)', 'an answer that names another order''s license is a doubt');
select is(t.settle('main', 'done', 991.5), true, 'where the balance shows the purchase …');
select is((t.state('g'), (t.o('g')).upstream_license_id)::text, '("succeeded balance",77)', '… it was bought');
select t.send('h', '{"service_id": "8", "ip": "192.0.2.8"}') \g /dev/null
select t.window() \g /dev/null
select t.call('h') \g /dev/null
select t.outcome('h', '{"upstream_id": "77"}') \g /dev/null
select is(t.state('h'), 'succeeded done', '… and a provider that gives several licenses one id is believed from then on');
select t.settle() \g /dev/null
update bridge.license set upstream_license_id = '79' where license_id = (t.o('b')).license_id;
select t.send('i', '{"service_id": "9", "ip": "192.0.2.9"}') \g /dev/null
select t.window() \g /dev/null
select t.call('i') \g /dev/null
select t.outcome('i', '{"upstream_id": "79"}') \g /dev/null
select is(t.settle('main', 'not', 1000, true), true, 'where the balance shows none, even under settle = evidence …');
select is(t.state('i'), 'needs_review not_shown', '… a person looks: the other order''s answer may be the wrong one');
select is((t.o('i')).reason, format('the answer named license 79, which is order %s''s: one of the two may not have been bought; the balance does not show a purchase', t.id('b')),
          '… both are named');
select is((select count(*) from bridge.operator_action where action = 'order.questioned' and order_id = t.id('b')), 1::bigint,
          '… and the other one''s timeline says so too');
update bridge.orders set deadline = now() - interval '1 minute' where order_id = t.id('i');
select bridge.operator_resolve('me', t.id('i'), 'did_not_happen', 'looked', null, 0) \g /dev/null
update bridge.line set run_at = now() where head_order = t.id('d');

-- A rise where an order counts as bought by the probe may be its price, and is no top-up; any other is.
create function t.rise(p_name text, p_rise numeric) returns text language plpgsql as $$
declare
  before bigint := (select count(*) from bridge.ledger where kind = 'topup');
begin
  perform bridge.window_close('main', (t.a()).window_id);
  perform bridge.window_settle('main', (t.a()).version, 1000, false, '{}', '{}', '{}', true, 'test', null, null, p_rise, false, 4);
  return format('%s %s', (select count(*) from bridge.ledger where kind = 'topup') - before, (t.a()).alarm);
end
$$;
select t.send('j', '{"service_id": "10", "ip": "192.0.2.10"}') \g /dev/null
select t.window() \g /dev/null
select t.call('j') \g /dev/null
select t.outcome('j', '{"to": "in_doubt", "verdict": "unsure", "doubted": true}') \g /dev/null
insert into bridge.pair (account, upstream_type, ip, owned_at) values ('main', 'cpanel', '192.0.2.10', now())
on conflict (account, upstream_type, ip) do update set owned_at = now();
select is(t.take('w9', 'j'), null, 'a pair that was adopted meanwhile is not probed for');
select is(bridge.window_probed(t.id('j'), (t.o('j')).attempts), false, '… and what was found there proves nothing');
select is(t.state('j'), 'in_doubt done', '… the doubt stays');
update bridge.pair set owned_at = null where ip = '192.0.2.10';
select isnt(t.take('w9', 'j'), null, 'one that nobody ever had is');
select bridge.probe_give('w9', t.id('j'), (t.line('j')).lease_epoch, true) \g /dev/null
select is(bridge.window_probed(t.id('j'), (t.o('j')).attempts), true, '… and the find counts');
select is(t.rise('j', 4.5), '0 more credits are left than the orders that count as bought leave: one of them was not charged',
          'a rise of its price is an alarm');
select bridge.operator_acknowledge('me', 'main', 'looked') \g /dev/null
select t.window() \g /dev/null
select is(t.rise('j', 4.5), '1 ', 'in the next window it is a top-up');

-- The balance cannot be read.
create function t.unread(p_ago interval, p_spell interval) returns bigint language plpgsql as $$
begin
  update bridge.account set unread_at = now() - p_ago, unread_since = now() - p_spell where account = 'main';
  return bridge.balance_unreadable('main', 60000, 900000) / 60000;
end
$$;
select is(bridge.balance_unreadable('main', 60000, 900000), 0::bigint, 'the first failure begins a spell');
select is(t.unread('30 s', '10 min'), 10::bigint, '… which goes on with the next one');
select is((select count(*) from bridge.operator_action where action = 'account.balance_unreadable'), 0::bigint, '… nobody is told yet');
select is(t.unread('30 s', '15 min 10 s'), 15::bigint, '… until it is long');
select is((select count(*) from bridge.operator_action where action = 'account.balance_unreadable'), 1::bigint, '… then once');
select is(t.unread('30 s', '16 min'), 16::bigint, '… it goes on');
select is((select count(*) from bridge.operator_action where action = 'account.balance_unreadable'), 1::bigint, '… in silence');
select is(t.unread('2 hours', '3 hours'), 0::bigint, 'a failure after idle hours begins a new spell');
update bridge.account set sandbox = true where account = 'main';
select t.window() \g /dev/null
select t.settle('main', 'unknown', null) \g /dev/null
select is((t.a()).sandbox, true, 'a window settled without a reading says nothing about the sandbox');
update bridge.account set sandbox = false, unread_since = null where account = 'main';

-- A new price.
select t.send('k', '{"service_id": "11", "ip": "192.0.2.11"}') \g /dev/null
select t.window() \g /dev/null
select t.call('k') \g /dev/null
select t.outcome('k') \g /dev/null
update bridge.product set price = 5 where account = 'main' and upstream_type = 'cpanel';
select t.settle('main', 'unknown', 995) \g /dev/null
select is((select (amount, note like '%new prices%')::text from bridge.ledger where account = 'main' and kind = 'adjustment' order by entry_id desc limit 1),
          '(0.500000,t)', 'what a new price took beyond the old one is booked');
select is((select count(*) from bridge.operator_action where action = 'account.prices_changed'), 1::bigint, '… and told');
update bridge.product set price = 4.5 where account = 'main' and upstream_type = 'cpanel';

-- Alarm, short balance, pause.
select t.window() \g /dev/null
select t.settle('main', 'unknown', 900, p_alarm => 'credits are missing') \g /dev/null
select is((t.a()).alarm, 'credits are missing', 'an alarm stays');
select t.window() \g /dev/null
select is((t.w()).tainted, true, '… and taints');
select t.settle() \g /dev/null
select t.window() \g /dev/null
select is(bridge.operator_acknowledge('me', 'main', 'bought by hand'), true, '… until a person has looked');
select is((t.a()).window_state, 'drain', '… which ends the tainted window');
select t.settle('main', 'unknown', 4) \g /dev/null
select is(bridge.balance_expected('main'), 4.0, 'the books say what the balance must be');
select is(bridge.window_open('main', (t.a()).version, 3.5, false, 4), null, 'less than that opens no window');
select is((t.a()).pause_reason, '0.5 credits are gone that went while nothing was being bought: somebody else spends, or this database is an old backup. Find out, book them with "bridgectl balance adjust main -0.5", resume',
          '… but pauses the account, and says what to do');
select bridge.operator_resume('me', 'main', 'again') \g /dev/null
select is(bridge.window_open('main', (t.a()).version, 3.5, false, 4), null, '… again, when nothing was booked');
select bridge.operator_resume('me', 'main', 'again') \g /dev/null
select isnt(bridge.window_open('main', (t.a()).version, 3.5, true, 4), null, 'a sandbox concludes nothing');
select t.settle('main', 'unknown', null) \g /dev/null
select bridge.operator_adjust('me', 'main', -0.5, 'found out') \g /dev/null
select is(bridge.balance_expected('main'), 3.5, 'what is booked counts');
select bridge.operator_topup('me', 'main', 250, 'it is on its way') \g /dev/null
select is(bridge.balance_expected('main'), 3.5, '… credits that came do not: they may be there already, or not yet');
set session_replication_role = replica; -- no order moves so
update bridge.orders set state = 'needs_review', unsettled = true, price = 1.5 where order_id = t.id('d');
select is(bridge.balance_expected('main'), 2.0, '… and what an order in review may have cost counts as gone');
update bridge.orders set state = 'queued', unsettled = false where order_id = t.id('d');
reset session_replication_role;
select isnt(bridge.window_open('main', (t.a()).version, 3.5, false, 4), null, '… and it goes on');
select t.settle('main', 'unknown', 4) \g /dev/null
select isnt(bridge.window_open('main', (t.a()).version, 5, false, 4), null, 'more than the books say is welcome');
select t.settle('main', 'unknown', 4) \g /dev/null
-- A window that is older than the workers: more is gone than its calls can have cost.
create function t.old_window(p_slept boolean, p_close numeric) returns text language plpgsql as $$
begin
  perform bridge.window_open('main', (t.a()).version, 100, false, 4);
  update bridge.account set awake_since = case when p_slept then now() + interval '1 second' else now() - interval '1 hour' end;
  perform t.settle('main', 'unknown', p_close, p_alarm => case when p_close < 100 then 'credits are missing' end);
  perform bridge.operator_acknowledge('me', 'main', 'looked');
  return coalesce((t.a()).pause_reason, 'goes on');
end
$$;
select is(t.old_window(false, 90), 'goes on', 'credits that go while workers run are an alarm');
select is(t.old_window(true, 100), 'goes on', 'a window that nobody looked after, and that lacks nothing');
select matches(t.old_window(true, 90), '^10 credits are gone', '… or lacks something: the account waits for a person');
select bridge.operator_resume('me', 'main', 'looked') \g /dev/null
delete from bridge.worker;
select matches(t.old_window(false, 90), '^10 credits are gone', '… as when no worker has been seen yet');
select bridge.operator_resume('me', 'main', 'looked') \g /dev/null
update bridge.account set awake_since = null;
select bridge.worker_seen('w1', 'test', 0) \g /dev/null
select isnt((t.a()).awake_since, null, 'the first sign of life after a while is remembered');
select bridge.window_open('main', (t.a()).version, 100, false, 4) \g /dev/null
delete from bridge.worker;
select bridge.worker_seen('w1', 'test', 0) \g /dev/null
select is(((t.a()).window_state, (t.w()).state)::text, '(drain,drain)', '… and ends what was open');
select t.settle('main', 'unknown', 100) \g /dev/null
update bridge.account set awake_since = null;
select bridge.worker_seen('w2', 'test', 0) \g /dev/null
select is((t.a()).awake_since, null, '… the others are not');
select bridge.window_open('main', (t.a()).version, 100, false, 4) \g /dev/null
select t.settle('main', 'unknown', 4) \g /dev/null
select bridge.window_open('main', (t.a()).version, 4, false, 4) \g /dev/null
select n.name from bridge.work_claim_paid('w1', 'main', 1, 60000) w join t.name n using (order_id) \g /dev/null
select is((t.begin_code('d')).code, 'short', 'what is left of the balance must pay the call');
select is((t.a()).window_state, 'drain', '… and is read again then');
select * from finish();
