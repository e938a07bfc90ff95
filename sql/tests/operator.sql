-- SPDX-License-Identifier: Apache-2.0
-- What operators see and do: the tray, credits by hand, hold and retry, licenses taken over, the outlook.
\ir helper.psql
select plan(67);

create function t.action() returns text language sql as $$
  select concat_ws(' ', a.actor, a.action, a.account, a.reason, nullif(a.detail, '{}')::text)
  from bridge.operator_action a order by a.action_id desc limit 1
$$;
create function t.version() returns bigint language sql as $$
  select version from bridge.account where account = 'main'
$$;
select bridge.account_ensure(array['main'], array['724license'], array[10000]) \g /dev/null
select is((select quiet from bridge.account where account = 'main'), interval '10 seconds', 'a configuration''s quiet time is kept');
select bridge.account_ensure(array['main'], array['724license'], array[20000]) \g /dev/null
select is((select quiet from bridge.account where account = 'main'), interval '20 seconds', '… and follows it');

-- Hold.
select t.send('a', '{"service_id": "1", "ip": "192.0.2.1"}') \g /dev/null
select t.send('a2', '{"service_id": "1", "ip": "192.0.2.1", "type": "license.suspend"}') \g /dev/null
select is(bridge.operator_hold('me', t.id('a'), 'ask first'), true, 'a queued order is held');
select is(t.state('a'), 'held operator_hold', '… and says so');
select is(t.action(), 'me order.hold main ask first', '… and who did it is kept');
select is((t.line('a')).run_at, null, '… nothing of its line is claimable');
select is(bridge.operator_hold('me', t.id('a'), 'again'), false, 'what is held is not held again');
select is(bridge.operator_hold('me', t.id('a2'), 'this too'), true, 'a blocked order is held');
select is(bridge.operator_release('me', t.id('a'), null), true, 'what is released');
select is(t.state('a'), 'queued', '… is queued again');
select t.window() \g /dev/null
select is(t.claim_paid(), 'a', 'a paid order that a worker has leased …');
select is(bridge.operator_hold('me', t.id('a'), 'wait'), true, '… is held …');
select is((t.begin_code('a')).code, 'lost', '… and the worker may not begin it');
select is(((t.line('a')).run_at, (t.line('a')).lease_owner)::text, '(,)', '… nor does it have it any more');
select bridge.operator_release('me', t.id('a'), null) \g /dev/null
select is(t.done('a'), 'true succeeded', 'it is carried out');
select is(t.state('a2'), 'held operator_hold', 'what is behind it stays held …');
select is(t.head('a2'), 'a2', '… at the head of its line');
select is(bridge.operator_hold('me', t.id('a'), 'late'), false, 'what has ended is not held');

-- An operator's hold outlives an address that is taken and let go.
select t.send('b', '{"service_id": "2", "ip": "192.0.2.2"}') \g /dev/null
select t.send('c', '{"service_id": "3", "ip": "192.0.2.2"}') \g /dev/null
select is(t.state('c'), 'blocked pair', 'an order waits for an address');
select is(bridge.operator_hold('me', t.id('c'), 'no'), true, '… and is held');
select bridge.operator_cancel('me', t.id('b'), null) \g /dev/null
select bridge.pairs_wake() \g /dev/null
select is(t.state('c'), 'held operator_hold', 'the free address does not wake it');
select bridge.operator_release('me', t.id('c'), null) \g /dev/null
select is(t.state('c'), 'queued', '… a release does');

select t.send('e', '{"service_id": "5", "ip": "192.0.2.5"}') \g /dev/null
select t.send('e2', '{"service_id": "5", "ip": "192.0.2.5", "type": "license.change_ip", "new_ip": "192.0.2.1"}') \g /dev/null
select bridge.operator_hold('me', t.id('e2'), 'no') \g /dev/null
select t.done('e') \g /dev/null
select is(t.state('e2'), 'held operator_hold', 'a taken address does not turn a hold into a wait');
select is(t.head('e2'), 'e2', '… at the head of its line');
select bridge.operator_cancel('me', t.id('e2'), null) \g /dev/null

-- Retry.
update bridge.line set run_at = now() + interval '1 hour' where license_id = (t.o('c')).license_id;
update bridge.orders set next_try_at = now() + interval '1 hour' where order_id = t.id('c');
select is(bridge.operator_retry('me', t.id('c'), null), true, 'a queued order is tried now');
select is(((t.line('c')).run_at <= now(), (t.o('c')).next_try_at <= now())::text, '(t,t)', '… both in its line and as it says');
select is(t.action(), 'me order.retry main', '… and who did it is kept');
select is(bridge.operator_retry('me', t.id('a'), null), false, 'what has ended is not tried');
select is(bridge.operator_retry('me', t.id('a2'), null), false, 'nor what is held');
update bridge.line set settle_until = now() + interval '1 minute' where license_id = (t.o('c')).license_id;
select throws_like(format('select bridge.operator_retry(''me'', %s, null)', t.id('c')), 'a doubtful call of the same license%',
                   'a late effect is waited for');
update bridge.line set settle_until = null where license_id = (t.o('c')).license_id;
select t.claim_paid() \g /dev/null
select is(bridge.operator_retry('me', t.id('c'), null), false, 'what a worker has is left to it');

-- Credits by hand.
create table t.before as select t.version() as version;
select is(bridge.operator_topup('me', 'main', 250, 'bank transfer'), true, 'a top-up is booked');
select is((select (kind, amount, note)::text from bridge.ledger order by entry_id desc limit 1), '(topup,250.000000,"bank transfer")', '… in the ledger');
select is(t.action(), 'me balance.topup main bank transfer {"amount": 250}', '… with who did it');
select is((select tainted from bridge.spending_window order by window_id desc limit 1), true, '… and the open window concludes nothing');
select is(t.version() > version, true, '… nor a reading of before') from t.before;
select is(bridge.operator_adjust('me', 'main', -12.5, 'fee'), true, 'a fall is booked');
select is((select (kind, amount)::text from bridge.ledger order by entry_id desc limit 1), '(adjustment,12.500000)', '… as credits that were taken');
select is(bridge.operator_topup('me', 'nobody', 1, 'x'), false, 'an account that is not there has none');
select throws_like('select bridge.operator_topup(''me'', ''main'', -1, ''x'')', 'a top-up brings credits%', 'a top-up never takes');

-- The tray.
select bridge.operator_release('me', t.id('a2'), null) \g /dev/null
select t.claim() \g /dev/null
select t.outcome('a2') \g /dev/null
select t.send('d', '{"service_id": "4", "ip": "192.0.2.4"}') \g /dev/null
select t.begin('c') \g /dev/null
select t.fence('c', 5000) \g /dev/null
select t.outcome('c', '{"to": "in_doubt", "verdict": "unsure", "doubted": true}') \g /dev/null
select is((select count(*) from ops.review), 0::bigint, 'a doubt is not in the tray yet');
select t.settle('main', 'not', 1000) \g /dev/null
select is((select (order_id = t.id('c'), unsettled, price, missing is not null, doubts, doubts_price, tainted)::text from ops.review),
          '(t,t,4.5,t,1,4.5,t)', 'the tray shows what the balance says');
select is((select settle_at - deadline from ops.review), interval '20 seconds', '… and when it may be settled');
select is((select waiting_since is not null from ops.review), true, '… and since when it waits');

-- Licenses taken over.
create function t.adopt(p_dry boolean, variadic p text[]) returns text language sql as $$
  with r as (select string_to_array(u.line, ' ', '-') as c, u.n from unnest(p) with ordinality u(line, n))
  select string_agg(concat_ws(' ', o.outcome, o.field), ', ' order by o.idx)
  from (select array_agg('s1'::text order by n) as s, array_agg(c[1] order by n) as service, array_agg('cpanel'::text) as product,
               array_agg('724license'::text) as provider, array_agg('main'::text) as account,
               array_agg(c[2] order by n) as ip, array_agg(c[3] order by n) as key, array_agg(c[4] order by n) as period,
               array_agg(c[5] order by n) as status, array_agg(null::text) as upstream_id from r) x,
       bridge.operator_adopt('me', p_dry, s, service, product, provider, account, product, ip, key, upstream_id, period, status) o
$$;
select is(t.adopt(true, 'A1 192.0.2.50 - 2027-01-31 active', 'A2 192.0.2.51 k2 - suspended'), 'adopted, adopted', 'a rehearsal says what would be done');
select is((select count(*) from bridge.license where adopted_at is not null), 0::bigint, '… and does nothing');
select is(t.adopt(false, 'A1 192.0.2.50 - 2027-01-31 active', 'A2 192.0.2.51 k2 - suspended'), 'adopted, adopted', 'licenses are taken over');
select is(t.action(), 'me license.adopt {"adopted": 2}', '… which is kept once');
select is((select string_agg(concat_ws(' ', l.service_id, host(l.ip), l.license_key, l.period_end, l.status), ', ' order by l.service_id)
           from bridge.license l where l.adopted_at is not null and l.bought_at is null), 'A1 192.0.2.50 2027-01-31 active, A2 192.0.2.51 k2 suspended', '… as the file says');
select is((select count(*) from bridge.pair p join bridge.license l using (license_id)
           where l.adopted_at is not null and p.owned_at is not null and p.terminated_at is null), 2::bigint, '… and own their addresses');
select is((select count(*) from bridge.license_ip where order_id is null and until is null), 2::bigint, '… from now on');
select is(t.adopt(false, 'A1 192.0.2.50 - 2027-01-31 active', 'A2 192.0.2.51 k2 - suspended'), 'unchanged, unchanged', 'the same file changes nothing');
select is((select count(*) from bridge.operator_action where action = 'license.adopt'), 1::bigint, '… and leaves no trace');
select is(t.adopt(false, 'A1 192.0.2.60 - 2027-01-31 active', 'A2 192.0.2.51 k9 - suspended', 'A1 192.0.2.50 - 2028-01-31 active',
                  'A2 192.0.2.51 k2 - active'),
          'refused ip, refused license_key, refused period_end, refused status', 'other facts of a known license are refused, with their column');
select is(t.adopt(false, 'A3 192.0.2.50 - - active', 'A4 192.0.2.99 k2 - active', '3 192.0.2.98 - - active'),
          'refused ip, refused license_key, refused service_id', 'so is what belongs to another, and what is being bought');
select is(t.send('r', '{"service_id": "A1", "ip": "192.0.2.50", "type": "license.renew", "period_end": "2027-02-28"}'), 'accepted queued',
          'an adopted license is renewed');
select is(t.send('x', '{"service_id": "A1", "ip": "192.0.2.50"}'), 'refused data.service_id', '… and not bought again');
select is(t.send('y', '{"service_id": "A9", "ip": "192.0.2.50"}'), 'accepted blocked', '… nor its address by another');
select t.send('u', '{"service_id": "A5", "ip": "192.0.2.55", "type": "license.suspend"}') \g /dev/null
select is(t.adopt(false, 'A5 192.0.2.55 - - active'), 'adopted', 'a license that was only heard of is taken over too');

-- The outlook.
insert into bridge.product (account, upstream_type, price) values ('main', 'cpanel', 5);
update bridge.account set balance = 100, balance_at = now() where account = 'main';
update bridge.license set period_end = (now() at time zone 'UTC')::date + 10 where service_id in ('A1', 'A2', 'A5');
select is((select string_agg(service_id || ' ' || price, ', ') from ops.renewals_due), 'A5 5',
          'due is what is active and has no renewal on its way');
select is((select string_agg(w.state || ' ' || w.price, ', ' order by w.order_id) from ops.waiting_purchases w where account = 'main'),
          'queued 5, queued 5, blocked 5', 'what waits has the catalogue''s price');
insert into bridge.product_price (account, action, upstream_type, billing_months, month_price, price) values ('main', 'renew', 'cpanel', 1, 5, 4);
select is((select (waiting_orders, waiting_credits, renewals_30d, renewals_credits, left_after, unpriced)::text
           from ops.balance_runway where account = 'main'), '(3,14,1,4,82,0)', '… or what such a call was seen to cost');
select is((select (spent_30d, spent_a_day, days_left)::text from ops.balance_runway where account = 'main'),
          (select (trim_scale(sum(amount)), trim_scale(sum(amount)), round(100 / sum(amount), 1))::text from bridge.ledger where kind <> 'topup'),
          'a young bridge has spent all within a day');
update bridge.product_price set month_price = 6;
select is((select waiting_credits from ops.balance_runway where account = 'main'), 15::numeric, 'a learned price counts while the catalogue''s is the same');

-- Drift.
select is((select (d.drift, d.bought, d.unexplained)::text from ops.ledger_drift d join bridge.orders o using (window_id) where o.order_id = t.id('a')),
          '(-4.5,4.5,-4.5)', 'a purchase that the balance does not show');
select is((select (drift, topups, adjustments, unexplained)::text from ops.ledger_drift where topups > 0), '(0,250,12.5,237.5)',
          'what was booked by hand counts in its window');
select bridge.account_ensure(array['known'], array['724license'], array[10000]) \g /dev/null
select bridge.account_ensure(array['known'], array['724license'], array[10000]) \g /dev/null
select is((select xmax::text from bridge.account where account = 'known'), '0', 'an account that is known is not even locked');
select * from finish();
