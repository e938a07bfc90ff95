-- SPDX-License-Identifier: Apache-2.0
-- Outcomes in sets: what is ordinary ends with one statement for each table, exactly as it would one by one.
\ir helper.psql
select plan(19);
insert into bridge.source (source, callbacks, accounts) values ('s1', true, '{main}');

-- Two twins of each: a license, an order to end, and perhaps one behind it.
create table t.twins (n int primary key, was bridge.license_status, kind text, behind text);
insert into t.twins values (1, 'active', 'suspend', null), (2, 'active', 'suspend', 'unsuspend'),
  (3, 'suspended', 'unsuspend', null), (4, 'suspended', 'unsuspend', 'renew'), (5, 'terminated', 'suspend', null);
-- A day of its own for each license, so that what is noted of the day is noted of the license.
create function t.ends(p_n int, p_side text) returns date language sql as $$
  select make_date(2030 + ascii(p_side), 1, p_n)
$$;
create function t.twin(p t.twins, p_side text) returns void language plpgsql as $$
declare
  service jsonb := jsonb_build_object('service_id', p_side || p.n, 'ip', '192.0.2.' || p.n + ascii(p_side));
begin
  perform t.send('new' || p_side || p.n, service);
  perform bridge.order_end(t.id('new' || p_side || p.n), 'cancelled', 'cancelled', null, null, null, false);
  update bridge.license set status = p.was, period_end = t.ends(p.n, p_side)
  where license_id = (t.o('new' || p_side || p.n)).license_id;
  perform t.send(p_side || p.n, service || jsonb_build_object('type', 'license.' || p.kind, 'sequence', 5));
  if p.behind is not null then
    perform t.send('behind' || p_side || p.n, service || jsonb_build_object('type', 'license.' || p.behind));
  end if;
end
$$;
select t.twin(p, side) from t.twins p, (values ('a'), ('z')) s(side) \g /dev/null
select is(t.claim(), 'a1 a2 a3 a4 a5 z1 z2 z3 z4 z5', 'all are claimed');

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
select is(t.all_ended('{a1,a2,a3,a4,a5}'), 'a1 t succeeded, a2 t succeeded, a3 t succeeded, a4 t succeeded, a5 t succeeded',
          'one side ends in one set');
select is((select string_agg(bridge.work_outcome(o.order_id, o.attempts, l.lease_epoch, 'succeeded', 'done', 'well', 0, 0, false,
             false, true, 'done', 200, 0, 12, 'POST x', '{}', null, false, null)::text, ' ')
           from t.twins p, lateral t.o('z' || p.n) o join bridge.line l using (license_id)), 'true true true true true',
          'the other one by one');

-- All that can be seen of a twin, without what tells the two apart.
create function t.seen(p_name text) returns jsonb language sql as $$
  with told as (
    select array['order_id', 'license_id', 'service_id', 'delivery_id', 'operation_key', 'fingerprint', 'ip', 'created_at', 'updated_at',
                 'finished_at', 'started_at', 'history_id', 'at', 'head_order', 'run_at', 'next_try_at', 'position',
                 'order_sequence', 'first_seen', 'pair_id', 'account_id', 'received_at', 'event_at', 'last_position'] as u
  )
  select jsonb_build_object(
    'order', to_jsonb(o) - u, 'ended', o.finished_at is not null, 'line', to_jsonb(l) - u,
    'head', (select to_jsonb(h) - u from bridge.orders h where h.order_id = l.head_order), 'claimable', l.run_at is not null,
    'license', to_jsonb(c) - u - 'period_end', 'ends', to_char(c.period_end, 'MM-DD'),
    'due', (select jsonb_agg(d.licenses order by d.licenses) from bridge.due_change d where d.period_end = c.period_end),
    'told', (select jsonb_agg(b.type order by b.callback_id) from bridge.callback b where b.order_id = o.order_id),
    'attempts', (select jsonb_agg(to_jsonb(a) - u || jsonb_build_object('ended', a.finished_at is not null)
                                  order by a.attempt) from bridge.attempt a where a.order_id = o.order_id),
    'history', (select jsonb_agg(h.from_state || ' ' || h.to_state || ' ' || h.reason_code order by h.at) from bridge.order_history h
                where h.order_id = o.order_id))
  from told, t.o(p_name) o join bridge.line l using (license_id) join bridge.license c using (license_id)
$$;
select is(t.seen('a' || p.n), t.seen('z' || p.n), format('%s of a license that is %s%s: as one by one', p.kind, p.was,
                                                           coalesce(', a ' || p.behind || ' behind it', '')))
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
