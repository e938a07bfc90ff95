-- SPDX-License-Identifier: Apache-2.0
-- Notices: who is told what, in which order they are sent, what is a dead letter, and low balances.
\ir helper.psql
select plan(77);

select bridge.callbacks_configure(array['s1', 's2', 's3'], array[true, true, false], array['main', 'main other', 'main'],
                                  array['main', 'other', 'zone'], array['20 100', '', '']) \g /dev/null
select bridge.callbacks_configure(array['s1', 's2', 's3'], array[true, true, false], array['main', 'main other', 'main'],
                                  array['main', 'other', 'zone'], array['20 100', '', '']) \g /dev/null
select is((select sum(xmax::text::bigint)::text from bridge.source), '0', 'what is known already is not even locked');
create function t.notices(p_name text) returns text language sql as $$
  select string_agg(c.type || ' ' || c.state, ', ' order by c.callback_id) from bridge.callback c where c.order_id = t.id(p_name)
$$;
create function t.payload(p_name text, p_type text) returns jsonb language sql as $$
  select payload::jsonb from bridge.callback where order_id = t.id(p_name) and type = p_type order by callback_id desc limit 1
$$;
-- What a worker is given, as "order type"; room for everything.
create function t.take(p_worker text default 'w1', p_rooms bigint[] default array[10, 10], p_most int default 10, p_lease_ms bigint default 60000)
returns text language sql as $$
  select string_agg(coalesce(n.name, '-') || ' ' || c.type, ', ' order by c.callback_id)
  from bridge.callbacks_claim(p_worker, array['s1', 's2'], p_rooms, p_most, p_lease_ms) c left join t.name n using (order_id)
$$;
create function t.end_try(p_name text, p_type text, p_sent boolean, p_wait_ms bigint default 5000, p_epoch bigint default null)
returns text language sql as $$
  select bridge.callback_ended(c.callback_id, coalesce(p_epoch, c.epoch), p_sent, case when p_sent then 200 else 500 end,
                               case when not p_sent then 'no' end, p_wait_ms)
  from bridge.callback c where c.order_id = t.id(p_name) and c.type = p_type order by c.callback_id desc limit 1
$$;
create function t.waits(p_name text, p_type text) returns interval language sql as $$
  select date_trunc('second', run_at - now() + interval '0.5 s') from bridge.callback where order_id = t.id(p_name) and type = p_type
$$;

-- Who is told what.
select t.send('a', '{"service_id": "1", "ip": "192.0.2.1"}') \g /dev/null
select is(t.notices('a'), null, 'that an order waits is no news');
select t.call('a') \g /dev/null
select is(t.notices('a'), null, '… nor that it is called');
select t.outcome('a', '{"upstream_id": "L-7"}') \g /dev/null
select is(t.notices('a'), 'order.succeeded queued', 'its success is');
select is(t.payload('a', 'order.succeeded') ->> 'type', 'order.succeeded', 'the notice has its type');
select is(t.payload('a', 'order.succeeded') ->> 'timestamp' like '____-__-__T%Z', true, '… its time');
select is((t.payload('a', 'order.succeeded') -> 'data') - array['created_at', 'updated_at', 'license'],
          jsonb_build_object('order_id', t.id('a')::text, 'source', 's1', 'service_id', '1', 'operation_key', (t.o('a')).operation_key,
                             'type', 'license.create', 'state', 'succeeded', 'reason', null, 'attempts', 1, 'credits', '4.5',
                             'next_try_at', null), '… and the order as its source reads it');
select is((t.payload('a', 'order.succeeded') #> '{data,license}') - array['license_id', 'period_end', 'expires_at', 'license_key'],
          '{"status": "active", "product_code": "cpanel", "ip": "192.0.2.1", "upstream_license_id": "L-7"}', '… with the license as the order has left it');
select is((select webhook_id from bridge.callback where order_id = t.id('a')) ~ '^msg_[0-9a-f]{32}$', true, '… under an id of its own');

select t.send('b', '{"service_id": "2", "ip": "192.0.2.2"}') \g /dev/null
select t.send('b2', '{"service_id": "2", "ip": "192.0.2.2", "type": "license.suspend"}') \g /dev/null
select t.call('b') \g /dev/null
select t.refused('b') \g /dev/null
select is(t.notices('b') || '; ' || t.notices('b2'), 'order.failed queued; order.failed queued', 'a failure is told, and that of what stood behind it');
select t.send('c', '{"service_id": "3", "ip": "192.0.2.3"}') \g /dev/null
select bridge.operator_hold('me', t.id('c'), 'ask') \g /dev/null
select bridge.operator_cancel('me', t.id('c'), 'no') \g /dev/null
select is(t.notices('c'), 'order.held queued, order.cancelled queued', 'so are a hold and a cancellation');
select is(t.payload('c', 'order.held') #>> '{data,reason}', 'held by an operator: ask', '… each as it was then');
select t.send('d', '{"service_id": "4", "ip": "192.0.2.4"}') \g /dev/null
select t.call('d') \g /dev/null
select t.outcome('d', '{"to": "in_doubt", "verdict": "unsure", "doubted": true}') \g /dev/null
select is(t.notices('d'), null, 'a doubt is not told while it is looked into');
select t.settle() \g /dev/null
select is(t.notices('d'), 'order.needs_review queued', '… but when a person has to');
select t.send('r1', '{"service_id": "1", "ip": "192.0.2.1", "type": "license.renew", "period_end": "2027-01-01"}') \g /dev/null
select t.send('r2', '{"service_id": "1", "ip": "192.0.2.1", "type": "license.renew", "period_end": "2027-01-01"}') \g /dev/null
select is(t.notices('r2'), 'order.held queued', 'what is held on arrival is told too');
begin;
select bridge.operator_hold('me', t.id('r1'), 'x') \g /dev/null
select bridge.operator_release('me', t.id('r1'), 'y') \g /dev/null
commit;
select is(t.notices('r1'), null, 'a state that nobody could see is not told');
select t.send('x', '{"source": "s3", "service_id": "1", "ip": "192.0.2.5"}') \g /dev/null
select bridge.operator_cancel('me', t.id('x'), 'no') \g /dev/null
select t.send('y', '{"source": "unknown", "service_id": "1", "ip": "192.0.2.6"}') \g /dev/null
select bridge.operator_cancel('me', t.id('y'), 'no') \g /dev/null
select is(t.notices('x') || t.notices('y'), null, 'a source without callback_url is told nothing');
begin;
select t.send('z', '{"service_id": "9", "ip": "192.0.2.9"}') \g /dev/null
select bridge.operator_cancel('me', t.id('z'), 'no') \g /dev/null
set constraints all immediate;
select is(t.notices('z'), 'order.cancelled queued', 'the notice is part of the move …');
rollback;
select is(t.notices('z'), null, '… and goes with it');

-- Claims.
select is(t.take('w1', array[1, 1]), 'a order.succeeded', 'a source has only so much room');
select is(t.take('w1', array[10, 10], 2), 'b order.failed, c order.held', '… and a worker; of a service only the first is given');
select is((select string_agg(lease_owner, ' ') from bridge.callback where lease_owner is not null), 'w1 w1 w1', 'what is given is leased');
select is(t.take('w2'), 'd order.needs_review', 'nobody else gets it');
select is(t.waits('b2', 'order.failed') > interval '50 s', true, 'what stands behind another is put off to its time');
select is(t.end_try('a', 'order.succeeded', true), 'sent', 'one is sent');
select is(t.take(), 'r2 order.held', '… and the next of its service follows at once');
select is((select (attempts, last_status, last_error, lease_owner)::text from bridge.callback where order_id = t.id('a')), '(1,200,,)', 'how it went is kept');
select is((select finished_at is not null from bridge.callback where order_id = t.id('a')), true, '… and when');

-- Tries.
select is(t.end_try('c', 'order.held', false, 5000), 'queued', 'a try in vain');
select is(t.waits('c', 'order.held'), interval '5 s', '… is followed by another');
select is((select (attempts, last_status, last_error)::text from bridge.callback where order_id = t.id('c') and type = 'order.held'), '(1,500,no)', '… and says why');
select is(t.take(), null, 'nothing else is ripe');
update bridge.callback set run_at = now() where order_id = t.id('c') and type = 'order.cancelled';
select is(t.take(), null, '… least of all what stands behind it');
select is(t.waits('c', 'order.cancelled'), interval '5 s', '… which comes after it');
update bridge.callback set run_at = now() where order_id = t.id('c') and type = 'order.held';
select is(t.take(), 'c order.held', 'it is given again');
select is(t.end_try('c', 'order.held', false, null), 'dead', 'after the last try it is a dead letter');
select is(t.take(), 'c order.cancelled', '… which nobody waits for');
select is((select webhook_id from bridge.callbacks_claim('w1', array['s1'], array[1], 1, 1) limit 1), null, 'and which is not given again');

-- A worker dies.
update bridge.callback set run_at = now() - interval '1 second' where order_id = t.id('d');
select is((select (lost, attempts)::text from bridge.callbacks_claim('w3', array['s1'], array[1], 1, 60000)), '(w2,0)', 'a dead worker''s notice is taken over');
select is(t.end_try('d', 'order.needs_review', true, null, 1), null, 'the end that the dead one tells counts no more');
select is((select (state, lease_owner)::text from bridge.callback where order_id = t.id('d')), '(queued,w3)', '… and takes nothing away');
select is(t.end_try('d', 'order.needs_review', true), 'sent', '… the new one''s counts');
select is(t.end_try('d', 'order.needs_review', false), null, '… once');

-- What operators see and do.
select is((select (source, waiting, failing, dead)::text from ops.callbacks_pending where source = 's1'), '(s1,4,0,1)', 'what waits is counted, and what is dead');
select is((select (state, attempts, last_status, last_error, next_try_at)::text from ops.callbacks where order_id = t.id('c') and type = 'order.held'),
          '(dead,2,500,no,)', 'a dead letter is shown with its last answer');
create function t.again(p_name text, p_type text) returns bigint language sql as $$
  select bridge.operator_callback_resend('me', c.callback_id, null, 'fixed') from bridge.callback c
  where c.order_id = t.id(p_name) and c.type = p_type
$$;
select is(t.again('c', 'order.cancelled'), 0::bigint, 'what a worker has just now is not sent again');
select is(t.again('c', 'order.held'), 1::bigint, 'a dead letter is');
select is((select concat_ws(' ', actor, action, order_id = t.id('c'), reason, detail ->> 'count') from bridge.operator_action order by action_id desc limit 1),
          'me callback.resend t fixed 1', '… which is kept');
select is((select (state, attempts, finished_at)::text from bridge.callback where order_id = t.id('c') and type = 'order.held'), '(queued,0,)',
          '… with the whole schedule before it');
select is(t.take(), 'c order.held', '… at once');
select is(t.end_try('c', 'order.held', false, null), 'dead', 'it dies again');
select is(bridge.operator_callback_resend('me', null, 's2', null), 0::bigint, 'another source has no dead letters');
select is(bridge.operator_callback_resend('me', null, 's1', null), 1::bigint, 'all dead letters of a source are sent again');
select is(t.again('a', 'order.succeeded'), 1::bigint, 'what was sent is sent again when somebody asks');
select is((select count(*) from bridge.callback where order_id = t.id('a')), 1::bigint, '… as the same notice');
select is(bridge.operator_callback_resend('me', 999999999, null, null), 0::bigint, 'a notice that is not there is not');

-- A source that wants no more.
select bridge.callbacks_configure(array['s1'], array[false], array['main'], array['main'], array['20 100']) \g /dev/null
select is((select string_agg(distinct state || coalesce(' ' || last_error, ''), ', ') from bridge.callback where state <> 'sent'),
          'dead the source has no callback_url any more', 'what waits for it is dead');
select is(t.end_try('c', 'order.cancelled', true), null, '… whatever a worker says of it later');
select bridge.callbacks_configure(array['s1'], array[true], array['main'], array['main'], array['20 100']) \g /dev/null
select is((select string_agg(source || ' ' || callbacks, ', ' order by source) from bridge.source), 's1 true, s2 true, s3 false', 'others stay as they were');
update bridge.callback set state = 'sent', finished_at = now() - interval '31 days' where order_id = t.id('a');
select is(bridge.callbacks_prune(30), 1::bigint, 'what was sent long ago is forgotten');
select is((select count(*) > 0 from bridge.callback where state = 'dead'), true, '… dead letters never');

-- Low balances.
create function t.low(p_balance numeric) returns text language plpgsql as $$
declare
  before bigint := (select coalesce(max(callback_id), 0) from bridge.callback);
begin
  perform bridge.balance_store('main', p_balance, false);
  return (select string_agg(source || ' ' || (payload::jsonb #>> '{data,threshold}') || ' ' || (payload::jsonb #>> '{data,balance}'), ', ' order by callback_id)
          from bridge.callback where callback_id > before and type = 'balance.low' and lane = 'account:main');
end
$$;
select is(t.low(150), null, 'a balance above its thresholds is no news');
select is(t.low(99.5), 's1 100 99.5, s2 100 99.5', 'one below the first is, for each source that orders there');
select is(t.low(60), null, '… once');
select is(t.low(12), 's1 20 12, s2 20 12', 'the next threshold is told by itself');
select is(t.low(50), null, 'a rise is no news');
select is(t.low(19), 's1 20 19, s2 20 19', '… but makes the next fall one');
select is(t.low(100), null, 'at the threshold it is not below it');
select is(t.low(5), 's1 100 5, s2 100 5, s1 20 5, s2 20 5', 'one fall through two thresholds crosses both');
select is((select string_agg(reason, ', ' order by action_id) from bridge.operator_action where action = 'account.balance_low'),
          'the balance is 99.5, below 100, the balance is 12, below 20, the balance is 19, below 20, the balance is 5, below 100, the balance is 5, below 20',
          'operators see the same');
select bridge.callbacks_configure(array['s1'], array[true], array['main'], array['main'], array['3 20 100']) \g /dev/null
select is(t.low(2), 's1 3 2, s2 3 2', 'a new threshold is watched from then on');
select bridge.callbacks_configure(array['s1'], array[true], array['main'], array['main'], array['']) \g /dev/null
select is(t.low(1), null, 'without thresholds nothing is told');

-- Licenses that a provider calls invalid.
select is(bridge.license_invalid((t.o('a')).license_id, 'expired'), true, 'an invalid license is news');
select is((select (type, lane, payload::jsonb #>> '{data,reason}', payload::jsonb #>> '{data,license,status}')::text from bridge.callback
           order by callback_id desc limit 1), '(license.invalid,service:1,expired,active)', '… for its source');
select is(bridge.license_invalid((t.o('a')).license_id, 'expired'), false, '… once');
select is(bridge.license_valid((t.o('a')).license_id), true, 'until it is valid again');
select is(bridge.license_invalid((t.o('a')).license_id, 'expired'), true, '… and is not');
select * from finish();
