-- SPDX-License-Identifier: Apache-2.0
-- Outcomes in sets: what is ordinary ends with one statement for each table, exactly as it would one by one.
\ir helper.psql
select plan(40);
insert into bridge.source (source, callbacks, accounts) values ('s1', true, '{main}');

-- Two twins of each: a license where it is, with its pair; an order to end, and perhaps one behind it.  odd: what else
-- has happened when the orders end.
create table t.twins (n int primary key, was bridge.license_status, kind text, behind text, odd text, account text default 'main');
insert into t.twins values
  (1, 'active', 'suspend', null, null), (2, 'active', 'suspend', 'unsuspend', null),
  (3, 'suspended', 'unsuspend', null, null), (4, 'suspended', 'unsuspend', 'renew', null),
  (5, 'terminated', 'suspend', null, null), (6, 'active', 'suspend', 'unsuspend', 'two behind'),
  (7, 'active', 'suspend', 'unsuspend', 'pair of another'), (8, 'active', 'suspend', 'unsuspend', 'settles'),
  (9, 'active', 'suspend', 'unsuspend', 'elsewhere'), (10, 'active', 'suspend', 'suspend', 'superseded'),
  (11, 'active', 'suspend', 'unsuspend', 'paused'), (12, 'active', 'suspend', 'unsuspend', 'held'),
  (13, 'suspended', 'unsuspend', 'suspend', 'of another provider'), (14, 'active', 'suspend', 'terminate', null),
  (15, 'unknown', 'suspend', 'unsuspend', null), (16, 'terminated', 'suspend', 'unsuspend', 'unsuspends what is terminated');
update t.twins set account = case odd when 'paused' then 'other' else 'zone' end where odd in ('paused', 'of another provider');
create function t.service(p t.twins, p_side text) returns jsonb language sql as $$
  select jsonb_build_object('service_id', p_side || p.n, 'account', p.account) || case p.account
    when 'zone' then '{"provider": "lisanszone", "ip": null}' else jsonb_build_object('ip', '192.0.2.' || p.n + ascii(p_side)) end
$$;
-- A day of its own for each license, so that what is noted of the day is noted of the license.
create function t.ends(p_n int, p_side text) returns date language sql as $$
  select make_date(2030 + ascii(p_side), 1, p_n)
$$;
create function t.twin(p t.twins, p_side text) returns void language plpgsql as $$
declare
  service jsonb := t.service(p, p_side);
  o bridge.orders;
begin
  perform t.send('new' || p_side || p.n, service);
  perform bridge.order_end(t.id('new' || p_side || p.n), 'cancelled', 'cancelled', null, null, null, false);
  o := t.o('new' || p_side || p.n);
  update bridge.license set status = p.was, period_end = t.ends(p.n, p_side), upstream_type = o.upstream_type, ip = o.ip, bought_at = now()
  where license_id = o.license_id;
  update bridge.pair set license_id = o.license_id where account = o.account and upstream_type = o.upstream_type and ip = o.ip;
  perform t.send(p_side || p.n, service || jsonb_build_object('type', 'license.' || p.kind, 'sequence', 5));
  if p.behind is not null and p.odd is distinct from 'superseded' then
    perform t.send('behind' || p_side || p.n, service || jsonb_build_object('type', 'license.' || p.behind));
  end if;
end
$$;
create function t.odd(p t.twins, p_side text) returns void language plpgsql as $$
declare
  o bridge.orders := t.o(p_side || p.n);
begin
  case p.odd
  when 'two behind' then
    perform t.send('more' || p_side || p.n, t.service(p, p_side) || '{"type": "license.suspend"}');
  when 'pair of another' then
    perform t.send('holder' || p_side || p.n, jsonb_build_object('ip', '192.0.2.' || 100 + ascii(p_side), 'service_id', 'holder' || p_side));
    update bridge.pair set license_id = (t.o('holder' || p_side || p.n)).license_id
    where account = o.account and upstream_type = o.upstream_type and ip = o.ip;
  when 'settles' then
    update bridge.line set settle_until = now() + interval '1 hour' where license_id = o.license_id;
  when 'elsewhere' then
    update bridge.license set ip = '192.0.2.251' where license_id = o.license_id;
  when 'superseded' then
    perform t.send('behind' || p_side || p.n, t.service(p, p_side) || jsonb_build_object('type', 'license.' || p.behind, 'sequence', 4));
  when 'paused' then
    update bridge.account set paused = true, pause_reason = 'test' where account = p.account;
  when 'held' then
    update bridge.orders set state = 'held', reason_code = 'credits' where order_id = t.id('behind' || p_side || p.n);
  else null;
  end case;
end
$$;
select t.twin(p, side) from t.twins p, (values ('a'), ('z')) s(side) \g /dev/null
select is(t.claim(), (select string_agg(side || n, ' ' order by side || n) from t.twins, (values ('a'), ('z')) s(side)),
          'all are claimed');
select t.odd(p, side) from t.twins p, (values ('a'), ('z')) s(side) \g /dev/null

-- The one side in one set, the other one by one.
create function t.all_ended(p_names text[]) returns text language sql as $$
  with ended as (
    select array_agg(o.order_id) as ids, array_agg(o.attempts::bigint) as attempts, array_agg(l.lease_epoch) as epochs,
           count(*)::int as count
    from t.name n join bridge.orders o using (order_id) join bridge.line l using (license_id) where n.name = any (p_names)
  )
  select string_agg(format('%s %s %s', n.name, r.applied, r.state), ', ' order by n.name)
  from ended e, lateral bridge.work_outcomes(
    e.ids, e.attempts, e.epochs, array_fill('succeeded'::text, array[e.count]), array_fill('done'::text, array[e.count]),
    array_fill('well'::text, array[e.count]), array_fill(0::bigint, array[e.count]), array_fill(0::bigint, array[e.count]),
    array_fill(false, array[e.count]), array_fill(false, array[e.count]), array_fill(true, array[e.count]),
    array_fill('done'::text, array[e.count]), array_fill(200::bigint, array[e.count]), array_fill(0::bigint, array[e.count]),
    array_fill(12::bigint, array[e.count]), array_fill('POST x'::text, array[e.count]),
    array_fill('{}'::bytea, array[e.count]), array_fill(null::text, array[e.count]), array_fill(false, array[e.count]),
    array_fill(null::bigint, array[e.count])) r
  join t.name n using (order_id)
$$;
create function t.side(p_side text, p_ns int[] default null) returns text[] language sql as $$
  select array_agg(p_side || n order by p_side || n) from t.twins where p_ns is null or n = any (p_ns)
$$;
begin;
create or replace function bridge.line_advance(p_license bigint) returns void language plpgsql as $$
begin
  raise 'one by one';
end
$$;
select is(t.all_ended(t.side('a', '{1,2,3,5,6,13,15}')), 'a1 t succeeded, a13 t succeeded, a15 t succeeded, a2 t succeeded, a3 t succeeded, '
          'a5 t succeeded, a6 t succeeded', 'what is ordinary, and has something ordinary behind it, does not go one by one');
select throws_ok(format('select t.all_ended(%L)', t.side('a', array[n])), 'one by one', format('%s, %s: one by one', behind, odd))
from t.twins where n in (4, 7, 8, 9, 10, 11, 12, 14, 16) order by n;
rollback;
select is(t.all_ended(t.side('a')), (select string_agg(u || ' t succeeded', ', ' order by u) from unnest(t.side('a')) u),
          'one side ends in one set');
select is((select string_agg(bridge.work_outcome(o.order_id, o.attempts, l.lease_epoch, 'succeeded', 'done', 'well', 0, 0, false,
             false, true, 'done', 200, 0, 12, 'POST x', '{}', null, false, null)::text, ' ')
           from t.twins p, lateral t.o('z' || p.n) o join bridge.line l using (license_id)),
          (select string_agg('true', ' ') from t.twins), 'the other one by one');

-- All that can be seen of a twin, without what tells the two apart.
create function t.seen(p_name text) returns jsonb language sql as $$
  with told as (
    select array['order_id', 'license_id', 'service_id', 'delivery_id', 'operation_key', 'fingerprint', 'ip', 'created_at', 'updated_at',
                 'finished_at', 'started_at', 'history_id', 'at', 'head_order', 'run_at', 'next_try_at', 'position',
                 'order_sequence', 'first_seen', 'pair_id', 'account_id', 'received_at', 'event_at', 'last_position', 'bought_at'] as u
  )
  select jsonb_build_object(
    'order', to_jsonb(o) - u, 'ended', o.finished_at is not null, 'line', to_jsonb(l) - u,
    'head', (select to_jsonb(h) - u - 'waits_pair' || jsonb_build_object('reason', regexp_replace(h.reason, ' on .* waits', ' … waits'),
                                                                          'waits', h.waits_pair is not null) from bridge.orders h where h.order_id = l.head_order), 'claimable', l.run_at is not null,
    'license', to_jsonb(c) - u - 'period_end', 'ends', to_char(c.period_end, 'MM-DD'),
    'due', (select jsonb_agg(d.licenses order by d.licenses) from bridge.due_change d where d.period_end = c.period_end),
    'told', (select jsonb_agg(b.type order by b.callback_id) from bridge.callback b where b.order_id = o.order_id),
    'attempts', (select jsonb_agg(to_jsonb(a) - u || jsonb_build_object('ended', a.finished_at is not null)
                                  order by a.attempt) from bridge.attempt a where a.order_id = o.order_id),
    'history', (select jsonb_agg(h.from_state || ' ' || h.to_state || ' ' || h.reason_code order by h.at) from bridge.order_history h
                where h.order_id = o.order_id))
  from told, t.o(p_name) o join bridge.line l using (license_id) join bridge.license c using (license_id)
$$;
select is(t.seen('a' || p.n), t.seen('z' || p.n), format('%s of a license that is %s%s%s: as one by one', p.kind, p.was,
                                                           coalesce(', a ' || p.behind || ' behind it', ''), coalesce(', ' || p.odd, '')))
from t.twins p order by p.n;
select is((t.o('a1')).state, 'succeeded', '… and it has ended');
select is(jsonb_build_array(s #> '{attempts,0,ended}', s -> 'told', s -> 'due'), '[true, ["order.succeeded"], [-1, 1]]',
          '… its attempt too, its source is told, and no renewal of it is due any more') from t.seen('a1') s;
select is((select status from bridge.license where license_id = (t.o('a1')).license_id), 'suspended', '… the license is suspended');
select is((t.state('behinda2'), t.head('a2'))::text, '(queued,behinda2)', '… what waited behind it is next');
select is(((t.line('a1')).pending, (t.line('a1')).lease_owner, (t.line('a1')).done_sequence)::text, '(0,,5)', '… nothing is left on its line');

-- What is not ordinary goes one by one, in the same batch.
update bridge.line set run_at = now() where run_at is not null;
select t.claim() \g /dev/null
select t.send('late', '{"type": "license.suspend", "service_id": "a1", "ip": "192.0.2.98"}') \g /dev/null
select is(t.claim(), 'late', 'another one is called');
select is(t.outcome('late', '{"epoch": 0}'), 'false calling', 'one whose lease was lost is not applied');
select is(t.outcome('late', '{"attempt": 9}'), 'false calling', 'nor one of another attempt');
select is(t.outcome('late', '{"settle_ms": 60000}'), 'true succeeded', 'one that may act late …');
select is((t.line('late')).settle_until > now(), true, '… leaves its line waiting');
select is(t.all_ended('{late,behinda2}'), 'behinda2 t succeeded, late f succeeded', 'a batch of both kinds');
select * from finish();
