-- SPDX-License-Identifier: Apache-2.0
-- A session's looks at what is due do not read again what its looks before have done away with, and yet leave nothing.
\ir helper.psql
select plan(22);
insert into bridge.source (source, callbacks, accounts) values ('s1', false, '{main,other}');

-- A new license with an order that has been due for so long.
create function t.due(p_name text, p_ago interval, p_account text default 'main', p_type text default 'license.suspend')
returns void language plpgsql as $$
begin
  perform t.send(p_name, jsonb_build_object('type', p_type, 'service_id', p_name, 'account', p_account,
                                            'ip', format('192.0.2.%s', (select count(*) from t.name))));
  update bridge.line set run_at = now() - p_ago where license_id = (t.o(p_name)).license_id;
end
$$;
create function t.look(p_limit int default 10, p_account text default 'main') returns text language sql as $$
  select string_agg(n.name, ' ' order by n.name)
  from bridge.work_claim('w1', array[p_account], p_limit, 60000) w join t.name n using (order_id)
$$;
create function t.look_paid() returns text language sql as $$
  select string_agg(n.name, ' ' order by n.name)
  from bridge.work_claim_paid('w1', 'main', 10, 60000) w join t.name n using (order_id)
$$;
create function t.take_over() returns text language sql as $$
  select string_agg(n.name, ' ' order by n.name)
  from bridge.work_takeover(2, array['main'], array[0::bigint]) w join t.name n using (order_id)
$$;
create function t.kept(p_look text) returns text[] language sql as $$
  select string_to_array(current_setting('bridge.look_' || p_look, true), '|')
$$;
\set main 6d61696e
-- The look at the whole is far away, whatever time this test takes.
create function t.not_yet(p_look text) returns void language sql as $$
  select set_config('bridge.look_' || p_look, (t.kept(p_look))[1] || '|infinity', false)
$$;

select t.due('a', '1 hour') \g /dev/null
select is(t.look(), 'a', 'the first look is at the whole');
select is((t.kept(:'main'))[1]::timestamptz between now() - interval '2 s' and now() - interval '250 ms', true,
          '… and says that nothing is left but what may be committed late');
select is((t.kept(:'main'))[2]::timestamptz between now() and now() + interval '500 ms', true,
          '… and when the whole is to be looked at again');
select t.not_yet(:'main') \g /dev/null
select t.due('b', '10 s') \g /dev/null
select t.due('c', '0 s') \g /dev/null
select is(t.look(), 'c', 'the next one is at what came since');
select is((t.kept(:'main'))[2], 'infinity', '… and does not put off the look at the whole');
select t.look_at_all() \g /dev/null
select is(t.look(), 'b', '… which finds what came late');

select t.due('d', '30 s'), t.due('e', '20 s'), t.due('f', '10 s') \g /dev/null
select t.look_at_all() \g /dev/null
select is(t.look(2), 'd e', 'a look that finds as many as it may …');
select t.not_yet(:'main') \g /dev/null
select is(t.look(2), 'f', '… is followed by one that begins there');
select t.due('g', '5 s') \g /dev/null
select t.not_yet(:'main') \g /dev/null
select is(t.look(2), null, '… and then by one at what came since');
select t.not_yet(:'main'), (t.kept(:'main'))[1] as floor \gset
select is(t.look(0), null, 'who may take nothing looks for nothing …');
select is((t.kept(:'main'))[1], :'floor', '… and knows nothing new');
select t.due('h', '5 s', 'other') \g /dev/null
select is(t.look(2, 'other'), 'h', 'another account has looks of its own');

-- As if the clock had been an hour ahead.
select set_config('bridge.look_' || :'main', (now() + interval '1 hour') || '|' || (now() + interval '1 hour 1 s'), false) \g /dev/null
begin;
select is(t.look(), 'g', 'after a clock that was ahead the whole is looked at, which, when it is taken back …');
rollback;
select is(t.look(), 'g', '… was none');

select t.window();
select t.due('i', '10 s', 'main', 'license.create') \g /dev/null
select is(t.look_paid(), 'i', 'so has what is paid');
select t.not_yet('paid_' || :'main') \g /dev/null
select t.due('j', '10 s', 'main', 'license.create') \g /dev/null
select is(t.look_paid(), null, '… and they begin where the last one ended');

create function t.ran_out(p_name text, p_ago interval) returns void language sql as $$
  update bridge.line set lease_until = now() - p_ago, run_at = now() - p_ago where license_id = (t.o(p_name)).license_id
$$;
select t.ran_out('c', '10 s'), t.ran_out('b', '20 s'), t.ran_out('a', '30 s') \g /dev/null
select is(t.take_over(), 'a b', 'so many leases as it may are taken over');
select t.not_yet('leases') \g /dev/null
select is(t.take_over(), 'c', '… the next look is at the whole');
select t.not_yet('leases') \g /dev/null
select t.ran_out('d', '10 s') \g /dev/null
select is(t.take_over(), null, '… and the one after it at what has run out since');
select t.ran_out('e', '0 s') \g /dev/null
select is(t.take_over(), 'e', '… which is found');
select t.look_at_all() \g /dev/null
select is(t.take_over(), 'd', 'the look at the whole finds what is left');

-- Takeovers lock accounts by name, as everybody does, however long their lines are overdue.
select t.ran_out('h', '20 s'), t.ran_out('f', '10 s'), t.look_at_all() \g /dev/null
select is((select string_agg(o.account, ' ' order by w.n)
           from bridge.work_takeover(10, array['main'], array[0::bigint]) with ordinality w(order_id, from_worker, state, n)
           join bridge.orders o using (order_id)), 'main other', 'accounts are taken by name');
select * from finish();
