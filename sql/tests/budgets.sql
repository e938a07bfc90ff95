-- SPDX-License-Identifier: Apache-2.0
-- Rate budgets: never more than allowed in any stretch, who goes first, rests, and what the waiting are told.
\ir helper.psql
select plan(38);

create function t.zone(p_name text, p_service text, p jsonb default '{}') returns text language sql as $$
  select t.send(p_name, jsonb_build_object('provider', 'lisanszone', 'account', 'zone', 'product_code', 'lz-app',
                                           'license_key', p_service, 'service_id', p_service, 'ip', null) || p)
$$;
-- Claims of the account as a worker makes them; what comes back as one text.
create function t.ration(p_limit int default 100, p_requests int default 3, p_per_ms bigint default 60000,
                         p_egress text default 'default')
returns text language sql as $$
  select coalesce(string_agg(n.name || case when c.probe then ' (probe)' else '' end, ' ' order by (c.work).order_id), '')
         || case when max(c.wait_ms) is not null then ' wait' else '' end
  from bridge.work_claim_rationed(
    'w1', 'zone', p_limit, 60000, p_egress,
    array['license.create', 'license.terminate', 'license.suspend', 'license.unsuspend', 'license.renew', 'license.verify'],
    array['activate', 'deactivate', 'deactivate', 'activate', 'verify', 'verify'],
    array[p_requests, p_requests, p_requests, p_requests, p_requests, null]::bigint[],
    array[p_per_ms, p_per_ms, p_per_ms, p_per_ms, p_per_ms, null]::bigint[]) c
  left join t.name n on n.order_id = (c.work).order_id
$$;
create function t.budget(p_endpoint text, p_egress text default 'default') returns bridge.budget language sql as $$
  select b from bridge.budget b where b.endpoint = p_endpoint and b.egress = p_egress
$$;
-- Time goes by for a budget.
create function t.later(p_endpoint text, p_by interval) returns void language sql as $$
  update bridge.budget b
  set spent_at = (select array_agg(s - p_by) from unnest(b.spent_at) s), cool_until = cool_until - p_by,
      struck_at = struck_at - p_by
  where b.endpoint = p_endpoint
$$;

-- Spending.
select t.zone('a' || i, 'K' || i) from generate_series(1, 5) i \g /dev/null
select is(t.ration(2), 'a1 a2', 'the oldest first, as many as there is room for');
select is((t.budget('activate')).spent, array[2], '… and the calls are taken from the budget');
select is(t.ration(), 'a3', 'the rest of the budget');
select is(t.ration(), ' wait', 'nothing beyond it, but when there is more');
select is((select sum(s) from unnest((t.budget('activate')).spent) s), 3::bigint, '… and nothing taken for nothing');
select is((t.state('a4'), (t.o('a4')).attempts)::text, '(queued,0)', 'who waits is queued and has not begun');
select is((select (lease_owner is null, run_at <= now())::text from bridge.line where license_id = (t.o('a4')).license_id), '(t,t)', '… and ripe');
select is(t.ration(1, 3, 60000, 'elsewhere'), 'a4', 'another address has a budget of its own');

-- What the waiting are told.
select t.later('activate', '20 s') \g /dev/null
select t.zone('a6', 'K6') \g /dev/null
select is((select (endpoint, egress, requests, free, waiting, next_at > now())::text from ops.budgets where egress = 'default'),
          '(activate,default,3,0,2,t)', 'the view shows it');
delete from bridge.budget where egress = 'elsewhere';
select matches(bridge.order_reason(t.o('a5')), '^waits for its turn at activate, which takes 3 calls in 00:01:00; place 1, expected about .* UTC$',
               'the reason says what it waits for');
select matches(bridge.order_reason(t.o('a6')), 'place 2, expected', '… in which place');
select ok(bridge.order_expected(t.o('a5')) - now() between interval '38 s' and interval '45 s', '… and until when');
select is((select next_try_at from bridge.order_read(t.id('a5'), null)) is not null, true, '… which the order shows');
select is(bridge.order_reason(t.o('a1')), 'the provider is being called', 'who is called says so');

-- Time.
select t.later('activate', '30 s') \g /dev/null
select is(t.ration(), ' wait', 'a call counts for the whole stretch …');
select t.later('activate', '13 s') \g /dev/null
select is(t.ration(), 'a5 a6', '… and not beyond');
select is((t.budget('activate')).spent, array[2], 'what is over is forgotten');

-- Any stretch: taken one by one over time, never more than 3 within 60 seconds.
create table t.grant (at int);
create function t.drive() returns void language plpgsql as $$
declare
  b bridge.budget;
  spare record;
begin
  b := bridge.budget_lock('zone', 'drive', 'default', 3, '60 s', '{}');
  for s in 0 .. 400 loop
    select * into b from bridge.budget where endpoint = 'drive';
    spare := bridge.budget_free(b, to_timestamp(1000000000 + s));
    if spare.free > 0 then
      perform bridge.budget_spend(b, 1, to_timestamp(1000000000 + s), 1000);
      insert into t.grant values (s);
    end if;
  end loop;
end
$$;
select t.drive() \g /dev/null
select is((select max(c) from (select count(*) over (order by at range between current row and 60 following) c from t.grant) x), 3::bigint,
          'never more than allowed in any stretch');
select cmp_ok((select count(*) from t.grant), '>=', 18::bigint, '… and hardly less');

-- Urgency: what is sold before what is given back; the endpoints do not share.
select t.done('a' || i) from generate_series(1, 6) i where t.state('a' || i) like 'calling%' \g /dev/null
update bridge.orders set state = 'succeeded', finished_at = now() where state = 'calling' and account = 'zone';
update bridge.line set head_order = null, run_at = null, lease_owner = null, lease_until = null, pending = 0 where account = 'zone';
update bridge.license set status = 'active' where account = 'zone';
delete from bridge.budget;
select t.zone('back', 'K1', '{"type": "license.unsuspend"}') \g /dev/null
select t.zone('off', 'K2', '{"type": "license.suspend"}') \g /dev/null
select t.zone('look', 'K3', '{"type": "license.verify"}') \g /dev/null
select t.zone('sold', 'K7') \g /dev/null
update bridge.line set run_at = run_at - interval '1 hour' where license_id = (t.o('back')).license_id;
select is(t.ration(1), 'sold', 'a sale goes before an older unsuspend');
select is(t.ration(1), 'off', 'then what ends a use');
select is(t.ration(1), 'back', 'then what gives it back');
select is(t.ration(1), 'look', 'what has no budget is simply claimed');
select is(((t.budget('activate')).types)::text, '{license.create,license.unsuspend}', 'the budget knows whose it is');

-- Rests.
select t.zone('b' || i, 'B' || i) from generate_series(1, 4) i \g /dev/null
select ok((select r between 4900 and 5000 from bridge.budget_cool('zone', 'activate', 'default', 5000, 10) r), 'as long as the provider says');
select is(t.ration(1, 9), ' wait', 'nobody calls meanwhile');
select matches(bridge.order_reason(t.o('b1')), '^activate asked for fewer calls and rests until ..:..:.. UTC; place 1, expected', 'the waiting are told');
select bridge.budget_cool('zone', 'activate', 'default', null, 60000) \g /dev/null
select is((t.budget('activate')).strikes, 1, 'calls that were on their way together count as one');
select t.later('activate', '10 s') \g /dev/null
select is(t.ration(10, 9), 'b1 (probe)', 'then one is tried');
select is(t.ration(10, 9), ' wait', '… and the others wait for its answer');
select ok((select r between 1700 and 1900 from bridge.budget_cool('zone', 'activate', 'default', null, 0) r), 'without a time: a part of the stretch, doubled');
select is((t.budget('activate')).strikes, 2, '… and counted');
select t.later('activate', '10 s') \g /dev/null
select is(t.ration(10, 9), 'b2 (probe)', 'one is tried again');
select bridge.budget_ease('zone', 'activate', 'default') \g /dev/null
select is(t.ration(10, 9), 'b3 b4', 'answered: everybody goes on');

-- What is no order in line.
create function t.take(p_reserve int) returns text language sql as $$
  select granted || ' ' || probe || ' ' || (wait_ms > 0) from bridge.budget_take('zone', 'verify', 'default', 3, 60000, array['license.renew'], 2, p_reserve, 1000)
$$;
select is(t.take(0), '2 false false', 'calls for something else');
select is(t.take(1), '0 false false', '… which leave a reserve to the orders');
select t.zone('renew', 'K4', '{"type": "license.renew"}') \g /dev/null
update bridge.budget set spent = '{}', spent_at = '{}' where endpoint = 'verify';
select is(t.take(1), '0 false false', '… and do not go before one that waits');
select is(bridge.budget_cool('zone', 'nowhere', 'default', null, 0), null, 'an unknown budget has no rest');

select * from finish();
