-- SPDX-License-Identifier: Apache-2.0
-- What is looked up by a license or by its number is not looked for among all that is unfinished, where statistics say
-- that nothing is: they were made in an idle hour.
\ir helper.psql
select plan(7);
insert into bridge.source (source, callbacks, accounts) values ('s1', false, '{main}');
-- As in the sessions of workers and front doors.
set enable_seqscan = off; set enable_bitmapscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set enable_material = off;

create function t.suspend(p_n int, p_times int) returns void language sql as $$
  select t.send(format('%s of %s', time, p_n), jsonb_build_object(
    'type', 'license.suspend', 'service_id', p_n, 'ip', host('10.0.0.0'::inet + p_n)))
  from generate_series(1, p_times) time
$$;
-- An idle hour: there have been orders, and all have ended.
select t.suspend(n, 1) from generate_series(1, 300) n \g /dev/null
select t.claim() from generate_series(1, 3) \g /dev/null
select t.outcome(name) from t.name \g /dev/null
select is((select count(*) from bridge.orders where state <> 'succeeded'), 0::bigint, 'all has ended');
vacuum analyze bridge.orders;
vacuum analyze bridge.line;
-- And then all at once.
select t.suspend(n, 3) from generate_series(301, 600) n \g /dev/null

-- The orders and lines that a statement reads.
create function t.read() returns bigint language sql as $$
  select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint from pg_stat_xact_user_tables
  where schemaname = 'bridge' and relname in ('orders', 'line')
$$;
create function t.reads(p_what text) returns text language plpgsql as $$
declare
  before bigint := t.read();
begin
  execute p_what;
  return case when t.read() - before < 60 then 'few' else (t.read() - before)::text end;
end
$$;
create function t.license(p_name text) returns bigint language sql as $$
  select (t.o(p_name)).license_id
$$;
select is(t.reads('select bridge.line_waiting(t.license(''1 of 307''))'), 'few', 'what is next in a line');
select is(t.reads('select bridge.creates_waiting(t.license(''1 of 307''))'), 'few', 'the creates that wait for a license');
select is(t.reads('select bridge.license_terminated(t.o(''1 of 307''))'), 'few', 'what a terminate changes');
select t.claim() \g /dev/null
select o.order_id as called, o.attempts, l.lease_epoch from bridge.orders o join bridge.line l using (license_id)
where o.state = 'calling' limit 1 \gset
select is(t.reads(format(
  'select bridge.work_outcomes(array[%s], array[%s], array[%s], array[''succeeded''], array[''done''], array[null], array[null::bigint], '
  'array[0], array[false], array[false], array[true], array[''done''], array[200], array[0], array[12], array[''POST x''], '
  'array[''{}''::bytea], array[null], array[false], array[null::bigint])', :called, :attempts, :lease_epoch)), 'few', 'an outcome');
select is((select state::text from bridge.orders where order_id = :called), 'succeeded', '… which it is');
select is(t.reads('select bridge.account_sweep()'), 'few', 'the sweep of paused accounts');
select * from finish();
