-- SPDX-License-Identifier: Apache-2.0
-- The sums of hours and what is younger, together, are what counting all rows says: before, between and after each step.
\ir helper.psql
select no_plan();

-- The views' plain definitions.
create view t.activity_hourly as
  select g.hour, (select count(*) from bridge.orders o where o.created_at >= g.hour and o.created_at < g.over) as accepted,
         m.succeeded, m.failed, m.cancelled, c.calls, c.errors,
         coalesce((select sum(l.amount) from bridge.ledger l where l.kind in ('purchase', 'adjustment') and l.at >= g.hour
                   and l.at < g.over), 0) as spent,
         (select count(*) from bridge.delivery d where d.received_at >= g.hour and d.received_at < g.over) as deliveries
  from (select h as hour, h + interval '1 hour' as over
        from generate_series(date_trunc('hour', now(), 'UTC') - interval '23 hours', now(), interval '1 hour') h) g
  cross join lateral (select count(*) filter (where h.to_state = 'succeeded') as succeeded,
                             count(*) filter (where h.to_state = 'failed') as failed,
                             count(*) filter (where h.to_state = 'cancelled') as cancelled
                      from bridge.order_history h where h.at >= g.hour and h.at < g.over) m
  cross join lateral (select count(*) as calls,
                             count(*) filter (where a.verdict in ('later', 'unsure') or a.late_at is not null) as errors
                      from bridge.attempt a where a.finished_at >= g.hour and a.finished_at < g.over) c;
create view t.totals as
  select (select count(*) from bridge.orders) as accepted, m.*, (select count(*) from bridge.delivery) as deliveries
  from (select count(*) filter (where h.to_state = 'succeeded') as succeeded, count(*) filter (where h.to_state = 'failed') as failed,
               count(*) filter (where h.to_state = 'cancelled') as cancelled from bridge.order_history h) m;
create view t.call_totals as
  select a.account, c.calls, c.errors,
         coalesce((select sum(l.amount) from bridge.ledger l where l.account = a.account and l.kind = 'purchase'), 0) as spent,
         c.elapsed_ms, c.durations
  from bridge.account a
  cross join lateral (
    select count(*) as calls, count(*) filter (where x.verdict in ('later', 'unsure') or x.late_at is not null) as errors,
           coalesce(sum(x.elapsed_ms) filter (where x.late_at is null), 0) as elapsed_ms,
           array(select count(y.elapsed_ms) from unnest(bridge.duration_bounds() || 2147483647) with ordinality b(bound, n)
                 left join bridge.attempt y on y.account = a.account and y.finished_at is not null and y.late_at is null
                                           and y.elapsed_ms <= b.bound
                 group by b.n order by b.n) as durations
    from bridge.attempt x where x.account = a.account and x.finished_at is not null) c;
create view t.credits_spent_daily as
  select l.account, (l.at at time zone 'UTC')::date as day, count(*) filter (where l.kind = 'purchase') as purchases,
         coalesce(sum(l.amount) filter (where l.kind = 'purchase'), 0) as spent,
         coalesce(sum(l.amount) filter (where l.kind = 'topup'), 0) as topups,
         coalesce(sum(l.amount) filter (where l.kind = 'adjustment'), 0) as adjustments
  from bridge.ledger l
  where l.kind <> 'observed' and l.at >= date_trunc('day', now(), 'UTC') - interval '30 days' group by 1, 2;
create view t.awaited_renewals as
  select d.account, d.upstream_type, d.billing_months, count(*) as licenses, d.price
  from ops.renewals_due d group by d.account, d.upstream_type, d.billing_months, d.price;
create function t.rows(p_view text, p_columns text) returns text language plpgsql as $$
declare
  said text;
begin
  execute format('select string_agg(x::text, '' '' order by x::text) from (select %s from %s) x', p_columns, p_view) into said;
  return said;
end
$$;
-- The views that differ from their plain definition.
create function t.differing() returns text language sql as $$
  select coalesce(string_agg(v.name, ' '), 'none') from (values
    ('activity_hourly', 'hour, accepted, succeeded, failed, cancelled, calls, errors, trim_scale(spent), deliveries'),
    ('totals', 'accepted, succeeded, failed, cancelled, deliveries'),
    ('call_totals', 'account, calls, errors, trim_scale(spent), elapsed_ms, durations'),
    ('credits_spent_daily', 'account, day, purchases, trim_scale(spent), trim_scale(topups), trim_scale(adjustments)'),
    ('awaited_renewals', 'account, upstream_type, billing_months, licenses, trim_scale(price)')) v(name, columns)
  where t.rows('ops.' || v.name, v.columns) is distinct from t.rows('t.' || v.name, v.columns)
$$;
-- Sums all that is over; says until when.
create procedure t.sum() language plpgsql as $$
declare
  goal timestamptz;
begin
  perform bridge.hours_sum(1000);
  commit;
  select s.mark into goal from bridge.summed s;
  for n in 1 .. 200 loop
    perform pg_sleep(0.1), bridge.hours_sum(1000);
    commit;
    exit when (select s.until >= goal from bridge.summed s);
  end loop;
end
$$;

select t.send('a', '{"service_id": "1", "ip": "192.0.2.1"}') \g /dev/null
select t.send('b', '{"service_id": "2", "ip": "192.0.2.2"}') \g /dev/null
select t.send('c', '{"service_id": "3", "ip": "192.0.2.3"}') \g /dev/null
select is(t.differing(), 'none', 'before anything was summed');
select is((select until from bridge.summed), null, '… which it was not');
call t.sum();
select ok((select until is not null from bridge.summed), 'what is over is summed');
select is(t.differing(), 'none', '… and nothing is counted twice or left out');
select is((select sum(accepted) from bridge.hour), 3::numeric, '… the sums have it');

select t.done('a') \g /dev/null
select t.send('a again', '{"service_id": "1", "ip": "192.0.2.1", "type": "license.suspend"}') \g /dev/null
select is(t.differing(), 'none', 'what is younger is counted');
select ok((select calls > 0 and spent > 0 from ops.call_totals where account = 'main'), '… calls and credits');
call t.sum();
select is(t.differing(), 'none', '… and summed');

-- At the very edge of a sum, at edges of hours and days, and long ago.
insert into bridge.ledger (account, at, kind, amount)
  select 'main', s.until + d.after, 'topup', 7 from bridge.summed s, (values (interval '0'), (interval '1 us')) d(after);
insert into bridge.order_history (order_id, at, from_state, to_state) select 1, s.until, 'calling', 'failed' from bridge.summed s;
insert into bridge.attempt (order_id, attempt, account, call, worker, epoch, finished_at, verdict, elapsed_ms)
  select 1, 9, 'main', 'x', 'w', 1, s.until, 'later', 50 from bridge.summed s;
select is(t.differing(), 'none', 'what happened in the instant at which a sum ends is counted once');
call t.sum();
select is(t.differing(), 'none', '… and summed once');
select is((select sum(topups) from bridge.hour_account), 14::numeric, '… both of it');
update bridge.summed set until = null, last_order = 0, mark = null;
delete from bridge.hour_account;
delete from bridge.account_total;
delete from bridge.hour;
insert into bridge.ledger (account, at, kind, amount)
  select 'main', date_trunc('day', now(), 'UTC') - d.ago, 'adjustment', 2
  from (values (interval '0'), (interval '1 us'), (interval '1 hour'), (interval '3 days'), (interval '30 days'), (interval '30 days 1 us')) d(ago);
insert into bridge.attempt (order_id, attempt, account, call, worker, epoch, started_at, finished_at, verdict, elapsed_ms)
  select 1, 10 + row_number() over (), 'main', 'x', 'w', 1, date_trunc('hour', now(), 'UTC') - interval '2 hours',
         date_trunc('hour', now(), 'UTC') - d.ago, 'done', d.ms
  from (values (interval '1 hour', 51), (interval '1 hour 1 us', 1000), (interval '59 minutes', 70000)) d(ago, ms);
select is(t.differing(), 'none', 'edges of hours and days, counted');
call t.sum();
select is(t.differing(), 'none', '… and summed from the beginning');
select is((select sum(accepted) from bridge.hour), 4::numeric, '… with every order');
update bridge.summed set mark = mark - interval '1 minute';
select is(bridge.hours_sum(0), 0, 'no more is summed than asked for');
select is(t.differing(), 'none', '… and what is not is counted');

-- A call that was given up, and its late answer.
select t.call('b') \g /dev/null
select is(t.differing(), 'none', 'a call under way does not count yet');
select t.expire('b') \g /dev/null
select bridge.work_takeover(10, array['main'], array[0]) \g /dev/null
select is((t.o('b')).state::text, 'in_doubt', 'a worker is lost');
create table t.lost as select errors, elapsed_ms from ops.call_totals where account = 'main';
call t.sum();
select t.outcome('b', '{"epoch": 1}') \g /dev/null
select is((t.o('b')).state::text, 'succeeded', '… and its answer found');
select ok((select a.late_at > a.finished_at and a.verdict = 'done' from bridge.attempt a where a.order_id = t.id('b')), '… and kept');
select is(t.differing(), 'none', 'the sums still say what the rows say');
select is((select (errors, elapsed_ms) from ops.call_totals where account = 'main'), (select (errors, elapsed_ms) from t.lost), '… that the call was lost');
select t.outcome('b', '{"epoch": 1, "verdict": "unsure"}') \g /dev/null
select is((select verdict::text from bridge.attempt where order_id = t.id('b')), 'done', 'an answer that was stored is not stored over');

-- Renewals to come.
create function t.renewals() returns bigint language sql as $$ select coalesce(sum(licenses), 0)::bigint from ops.awaited_renewals $$;
update bridge.license set period_end = (now() at time zone 'UTC')::date + 5 where service_id in ('1', '2') and status <> 'pending';
select ok(t.renewals() > 0, 'licenses that end soon are awaited');
select is(t.differing(), 'none', '… as they are one by one');
call t.sum();
select is((select count(*) from bridge.due_change), 0::bigint, 'changes are folded');
select is(t.differing(), 'none', '… and nothing else changes');
select t.send('r', jsonb_build_object('service_id', '2', 'ip', '192.0.2.2', 'type', 'license.renew',
                                      'period_end', (now() at time zone 'UTC')::date + 36)) \g /dev/null
select is(t.differing(), 'none', 'one whose renewal is under way is not awaited any more');
select t.done('r') \g /dev/null
select is((t.o('r')).state::text || ' ' || (select billing_months from bridge.license where service_id = '2'), 'succeeded 1', 'renewed');
select is(t.differing(), 'none', '… and its new end counts');
update bridge.license set status = 'suspended' where service_id = '1';
update bridge.license set period_end = null where service_id = '2';
select is(t.renewals(), 0::bigint, 'what is suspended or has no end is not awaited');
select is(t.differing(), 'none', '… as they are one by one');
insert into bridge.license (source, service_id, provider, account, product_code, upstream_type, status, period_end)
  values ('s1', 'n', '724license', 'main', 'cpanel', 'cpanel', 'active', (now() at time zone 'UTC')::date + 30),
         ('s1', 'm', '724license', 'main', 'cpanel', 'cpanel', 'active', (now() at time zone 'UTC')::date + 31);
select is(t.renewals(), 1::bigint, 'one that was active from the beginning');
call t.sum();
select is(t.differing(), 'none', '… folded');
-- Whom a mark waits for: seen from here are four other sessions in transactions of their own.
create extension dblink;
create function t.other(p_name text, p_database text) returns void language sql as $$
  select dblink_connect(p_name, format('host=%s port=%s dbname=%s user=%s', split_part(current_setting('unix_socket_directories'), ',', 1),
                                       current_setting('port'), p_database, current_user));
  select dblink_exec(p_name, 'begin');
$$;
create table t.virtual (name text, id text);
create function t.known(p_name text) returns void language sql as $$
  insert into t.virtual
  select p_name, x.id from dblink(p_name, 'select virtualtransaction from pg_locks where locktype = ''virtualxid'' and pid = pg_backend_pid()') x(id text)
$$;
-- The names of those that a mark of some age would wait for.
create function t.awaited(p_age interval, p_of text[]) returns text language sql volatile as $$
  select coalesce(string_agg(v.name, ' ' order by v.name), 'nobody') from t.virtual v
  where v.id = any (bridge.summed_running(clock_timestamp() - p_age, p_of))
$$;
select t.other('reads', current_database()), t.other('writes', current_database()), t.other('elsewhere', 'template1') \g /dev/null
select x.id from dblink('writes', 'select pg_current_xact_id()::text') x(id text) \g /dev/null
select t.known('reads'), t.known('writes'), t.known('elsewhere') \g /dev/null
select is(t.awaited('0', null), 'reads writes', 'everybody of this database may have begun before the mark');
select ok(not l.virtualtransaction = any (bridge.summed_running(clock_timestamp(), null)), '… but oneself')
from pg_locks l where l.locktype = 'virtualxid' and l.pid = pg_backend_pid();
select is(t.awaited('59 minutes', null), 'reads writes', '… within the hour');
select is(t.awaited('61 minutes', null), 'writes', 'after an hour who has written nothing is not waited for');
create table t.former as select bridge.summed_running(clock_timestamp(), null) as ids;
select t.other('later', current_database()), t.known('later') \g /dev/null
select is(t.awaited('0', null), 'later reads writes', 'somebody has come since');
select is(t.awaited('0', (select ids from t.former)), 'reads writes', '… and is not waited for');
select dblink_exec('reads', 'commit') \g /dev/null
select is(t.awaited('0', (select ids from t.former)), 'writes', 'who is over is not waited for any more');
select dblink_exec('writes', 'commit') \g /dev/null
select is(t.awaited('0', (select ids from t.former)), 'nobody', '… and then nobody is');
select dblink_disconnect(n) from unnest(array['reads', 'writes', 'later', 'elsewhere']) n \g /dev/null
select * from finish();
