-- SPDX-License-Identifier: Apache-2.0
-- Claiming, paid calls one by one, the fence, outcomes, lost workers, holds.
\ir helper.psql
select plan(96);

select t.send('a', '{}') \g /dev/null

-- Inside a window whose price is not known yet: one paid call of an account.
select t.send('b', '{"service_id": "2", "ip": "192.0.2.2"}') \g /dev/null
select t.send('far', '{"service_id": "9", "ip": "192.0.2.9", "account": "other"}') \g /dev/null
select is(t.claim(), null, 'paid work is not claimed with the repeatable');
select is(t.claim_paid('w1'), 'a', 'a paid order is leased');
select is((t.o('a')).state, 'queued', '… the order has not begun');
select is(t.claim_paid('w2', 'other'), 'far', 'another account has its own window');
select is((bridge.work_begin('w2', t.id('a'), (t.line('a')).lease_epoch, 60000, 4.5, 4, 100, 300000)).attempt, null, 'another worker cannot begin it');
select is((bridge.work_begin('w1', t.id('a'), (t.line('a')).lease_epoch - 1, 60000, 4.5, 4, 100, 300000)).attempt, null, 'nor can an earlier lease');
select is((bridge.work_begin('w1', t.id('b'), (t.line('b')).lease_epoch, 60000, 4.5, 4, 100, 300000)).attempt, null, 'nor can what is not leased begin');
select is(t.fence('a'), false, 'what has not begun does not pass the fence');
select is(t.begin('a'), 1, 'the holder begins');
select is(t.begin('a'), null, '… once');
select is((t.state('a'), (t.o('a')).price, (t.o('a')).sent_attempt)::text, '("calling calling",4.500000,0)', 'calling, with its price, and not sent');
select is((select (attempt, worker, price, balance_before, finished_at is null)::text from bridge.attempt where order_id = t.id('a')),
          '(1,w1,4.500000,1000.000000,t)', 'the intent is written');

-- The fence.
select is(t.fence('a', 3600000), false, 'a lease that does not outlive the call does not pass');
select is(bridge.work_fence(t.id('a'), 1, (t.line('a')).lease_epoch - 1, 1000), false, 'nor does another lease');
select is(bridge.work_fence(t.id('a'), 2, (t.line('a')).lease_epoch, 1000), false, 'nor another attempt');
select bridge.account_pause('main', 'stop') \g /dev/null
select is(t.fence('a'), false, 'nor anything on a paused account');
update bridge.account set paused = false, pause_reason = null where account = 'main';
select is(t.fence('a'), true, 'its own passes');
select is(((t.o('a')).sent_attempt, (t.o('a')).deadline > now())::text, '(1,t)', '… and counts as sent, with a deadline');
select is(t.fence('a'), false, '… once');

-- Outcomes.
select is(t.outcome('a', '{"epoch": 0}'), 'false calling', 'an outcome under another lease');
select is(t.outcome('a', '{"attempt": 7}'), 'false calling', 'an outcome of another attempt');
select is(t.outcome('a', '{"upstream_id": "L1"}'), 'true succeeded', 'its own outcome');
select is(((t.o('a')).credits, (t.o('a')).upstream_license_id)::text, '(4.500000,L1)', '… with what it cost and what it is upstream');
select is(t.outcome('a'), 'false succeeded', 'the same outcome again');
select is((select (count(*), sum(amount))::text from bridge.ledger), '(1,4.500000)', 'one purchase, one entry');
select is((select confirmed from bridge.spending_window join bridge.account using (window_id) where bridge.account.account = 'main'), 4.5, 'the window counts it');
select is((select (verdict, sent, http_status)::text from bridge.attempt where order_id = t.id('a')), '(done,t,200)', 'the attempt is complete');
select throws_ok($$insert into bridge.ledger (account, kind, order_id, amount) values ('main', 'purchase', t.id('a'), 1)$$, '23505', null,
                 'no order is booked twice');

-- Repeatable work is claimed and begun in one step.
select t.send('s', '{"type": "license.suspend"}') \g /dev/null
select is(t.claim('w1'), 's', 'repeatable work');
select is((t.state('s'), (t.o('s')).attempts, (t.line('s')).lease_owner)::text, '("calling calling",1,w1)', '… is begun by the claim');
select is(t.claim('w2'), null, '… and leased once');
select is(t.outcome('s', '{"to": "queued", "code": "later", "reason": "busy", "verdict": "later", "wait_ms": 60000}'), 'true queued', 'not now');
select is(t.claim('w2'), null, '… is not ripe yet');
select is((t.o('s')).next_try_at, (t.line('s')).run_at, '… and says when');
update bridge.line set run_at = now() where run_at > now() and lease_owner is null;
select is(t.claim('w2'), 's', 'later it is');
select is((t.o('s')).attempts, 2, '… a second attempt');

-- Lost workers.
select is((select count(*) from bridge.work_takeover(10, array['main'], array[0::bigint])), 0::bigint, 'a living lease is not taken over');
select t.expire('s') \g /dev/null
select is(t.claim('w3'), null, 'a lease that ran out is not claimed past the takeover');
select is((select (from_worker, state)::text from bridge.work_takeover(10, array['main'], array[7000::bigint])), '(w2,queued)', 'a repeatable call is made again');
select ok((t.line('s')).settle_until - now() between interval '5 s' and interval '7 s', '… and its late effect is waited for');
update bridge.line set settle_until = null;
select is((t.state('s'), (t.o('s')).doubted)::text, '("queued worker_lost",t)', '… knowing that it may have been carried out');
select is(t.outcome('s', format('{"epoch": %s}', (t.line('s')).lease_epoch - 1)::jsonb), 'false queued', 'the lost worker''s outcome comes too late');
select t.done('s') \g /dev/null

select is(t.claim_paid('w1'), 'b', 'a paid order claimed …');
select t.expire('b') \g /dev/null
select is(t.begin('b'), null, '… whose lease ran out cannot begin');
select is((select (from_worker, state)::text from bridge.work_takeover(10, array['main'], array[0::bigint])), '(w1,queued)', '… which puts it back');
select is(((t.o('b')).attempts, (t.o('b')).doubted)::text, '(0,f)', '… as if nothing had been');
select is(t.claim_paid('w2'), 'b', 'it is claimed again');
select t.begin('b', 'w2') \g /dev/null
select t.expire('b') \g /dev/null
select is(t.fence('b'), false, 'begun, but the lease ran out: nothing is sent');
select is((select state from bridge.work_takeover(10, array['main'], array[0::bigint])), 'queued', '… and the takeover knows that');
select is((select (sent, verdict, reason_code)::text from bridge.attempt where order_id = t.id('b') and attempt = 1), '(f,later,worker_lost)', '… as the attempt tells');
select is(((t.o('b')).doubted, t.state('b'))::text, '(f,"queued worker_lost")', '… without doubt');
select is(bridge.work_fence(t.id('b'), 1, (t.line('b')).lease_epoch - 1, 1000), false, 'the lost worker''s fence is shut');
select t.call('b') \g /dev/null
select is((t.o('b')).sent_attempt, 2, 'the second attempt is sent');
select t.expire('b') \g /dev/null
select is((select state from bridge.work_takeover(10, array['main'], array[0::bigint])), 'in_doubt', '… and its worker lost: doubt');
select is((t.state('b'), (t.o('b')).doubted)::text, '("in_doubt worker_lost",t)', '… until the window is settled');
select is(t.settle(), true, '… by the balance, or not');
select is((t.state('b'), (t.o('b')).unsettled)::text, '("needs_review unsettled",t)', '… for a person');
select is(t.outcome('b', format('{"epoch": %s, "to": "failed", "verdict": "refused"}', (t.line('b')).lease_epoch - 1)::jsonb), 'false needs_review', 'a late refusal settles nothing');
select is(t.outcome('b', format('{"epoch": %s, "attempt": 1}', (t.line('b')).lease_epoch - 1)::jsonb), 'false needs_review', 'nor an answer to an earlier attempt');
select is((select (verdict, late_at is not null)::text from bridge.attempt where order_id = t.id('b') and attempt = 1), '(done,t)', '… but it is kept');
select is(t.outcome('b', format('{"epoch": %s}', (t.line('b')).lease_epoch - 1)::jsonb), 'true succeeded', 'a late answer that it was done does');
select is((select count(*) from bridge.ledger where order_id = t.id('b')), 1::bigint, '… and books it once');

-- Given back before the call.
select t.send('c', '{"service_id": "3", "ip": "192.0.2.3"}') \g /dev/null
select is(t.claim_paid('w1'), 'c', 'claimed …');
select is(bridge.work_return(t.id('c'), (t.line('c')).lease_epoch - 1, 'held', 'x', 'x', null, null), false, '… is not given back under another lease');
select is(bridge.work_return(t.id('c'), (t.line('c')).lease_epoch, 'held', 'short_of_credits', 'short', null, 9), true, '… but under its own');
select is((t.state('c'), (t.o('c')).price, (t.line('c')).lease_owner, (t.line('c')).run_at)::text, '("held short_of_credits",9.000000,,)', '… held for credits');
select is((select string_agg(account, ',') from bridge.accounts_short()), 'main', '… as the account is told');
select t.send('cheap', '{"service_id": "4", "ip": "192.0.2.4"}') \g /dev/null
select is(t.claim_paid('w1'), 'cheap', 'a cheaper order goes on');
select bridge.work_return(t.id('cheap'), (t.line('cheap')).lease_epoch, 'queued', 'later', 'later', 60000, null) \g /dev/null
select is((t.state('cheap'), (t.line('cheap')).run_at > now() + interval '50 s')::text, '("queued later",t)', 'or is given back for later');
select is(bridge.holds_release('main', array['short_of_credits'], 8), 0, 'credits that do not suffice release nothing');
select is(bridge.holds_release('main', array['price_guard'], null), 0, 'nor does another reason');
select is(bridge.holds_release('main', array['short_of_credits'], 9), 1, 'credits that do');
select is(t.state('c'), 'queued', '… put it back');

-- Pause and resume.
select is(bridge.operator_pause('me', 'main', 'audit'), true, 'an account is paused');
select is(bridge.operator_pause('me', 'main', 'again'), false, '… once');
select is(t.claim_paid('w1'), null, 'nothing paid is claimed');
select t.send('s2', '{"type": "license.unsuspend"}') \g /dev/null
select is(t.claim(), null, 'nor what can be repeated');
select is(t.state('s2'), 'held account_paused', '… it says why');
select is(bridge.account_sweep(), 2, 'those that waited before');
select is(t.state('c'), 'held account_paused', '… say so too');
select matches((t.o('c')).reason, 'audit', '… with the reason');
select is(bridge.operator_resume('me', 'main', 'fine'), true, 'it is resumed');
select is((t.state('c'), t.state('s2'), t.state('cheap'))::text, '(queued,queued,queued)', '… and all go on');
select is(t.claim(), 's2', '… at once');
select t.outcome('s2') \g /dev/null
-- Held while, or just after, the account was resumed: as a transaction would leave it that did not see the end of the pause.
update bridge.orders set state = 'held', reason_code = 'account_paused', next_try_at = null where order_id = t.id('c');
update bridge.line set run_at = null where head_order = t.id('c');
select is(bridge.account_sweep(), 1, 'what missed the resumption is let go');
select is(t.state('c'), 'queued', '… too');
select bridge.account_pause('main', 'token refused') \g /dev/null
select bridge.account_sweep() \g /dev/null
select is(bridge.account_sweep(), 0, 'a pause that goes on holds what it held');
select bridge.operator_resume('me', 'main', 'new token') \g /dev/null
select is((select string_agg(action, ' ' order by action_id) from bridge.operator_action), 'account.pause account.resume account.resume', 'what people did is kept');

-- Overtaken and cancelled while a paid call is prepared.
select is(t.claim_paid('w1'), 'c', 'c is being prepared');
select is(bridge.operator_cancel('me', t.id('c'), 'not wanted'), true, '… and cancelled');
select is((bridge.work_begin('w1', t.id('c'), 1, 60000, 4.5, 4, 100, 300000)).attempt, null, '… so it cannot begin');
select is(t.claim_paid('w2'), 'cheap', '… and the next goes on');
select t.begin('cheap', 'w2') \g /dev/null
select is(bridge.operator_cancel('me', t.id('cheap'), null), false, 'a call that has begun is not cancelled');
select is(bridge.operator_release('me', t.id('cheap'), null), false, '… nor released');

-- A product that moved to another account: the line follows its head.
select t.send('moved', '{"type": "license.suspend", "service_id": "9", "ip": "192.0.2.9", "account": "main"}') \g /dev/null
select t.begin('far', 'w2') \g /dev/null
select t.outcome('far') \g /dev/null
select bridge.account_pause('other', 'test') \g /dev/null
select is((t.line('moved')).account, 'main', 'an order is carried out on its own account');
select is(t.claim(), 'moved', '… whatever became of the one before');
select * from finish();
