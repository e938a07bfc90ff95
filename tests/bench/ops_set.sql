-- SPDX-License-Identifier: Apache-2.0
-- The set that the operators' views are measured on: :orders orders of the last 180 days, the last day three times as
-- busy as the others, with three calls each, a twentieth as many licenses, nearly all of them paid by the month.
-- 1 % failed, 2 % were sent a second time under another id, a tenth goes to Lisans Zone.  The provider has been away for
-- an hour, so that the last hour's orders wait, and of the others one in 5000 lies somewhere.
-- Rows are written past the triggers and without the indexes that no constraint needs; those are made at the end.
\set QUIET on
\set ON_ERROR_STOP on
set session_replication_role = replica;
set synchronous_commit = off;
set maintenance_work_mem = '1GB';
set work_mem = '256MB';
set jit = off;
set timezone = 'UTC';
set client_min_messages = warning;
select :orders / 20 as licenses, now() as until \gset

-- History of half a year needs its months.
set role bridge_owner;
select format('create table bridge.%I partition of bridge.%I for values from (%L) to (%L)',
              p || '_' || to_char(m, 'YYYYMM'), p, m::timestamptz, (m + interval '1 month')::timestamptz)
from unnest(array['event', 'attempt', 'order_history', 'refusal']) p,
     generate_series(date_trunc('month', now() - interval '181 days'), date_trunc('month', now()), interval '1 month') m
where to_regclass('bridge.' || p || '_' || to_char(m, 'YYYYMM')) is null
\gexec

reset role;
create temp table index_of as
select i.indexrelid::regclass::text as name, replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON ') as definition
from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid
where t.relnamespace = 'bridge'::regnamespace and not c.relispartition
  and t.relname in ('orders', 'license', 'license_ip', 'delivery', 'event', 'attempt', 'order_history', 'ledger', 'callback')
  and not exists (select from pg_constraint k where k.conindid = i.indexrelid);
select format('drop index %s', name) from index_of
\gexec

-- When the n-th order arrived: a sixtieth of them within the last day.
create function pg_temp.arrived(n bigint, orders bigint, until timestamptz) returns timestamptz language sql immutable as $$
  select until - case when n * 60 > orders * 59 then (orders - n) * interval '1 day' / (orders / 60)
                      else interval '1 day' + (orders * 59 / 60 - n) * interval '179 days' / (orders * 59 / 60) end
$$;

insert into bridge.account (account, provider, quiet, balance, balance_at)
select case when n < 8 then 'main' || n else 'zone' end, case when n < 8 then '724license' else 'lisanszone' end,
       interval '10 minutes', case when n < 8 then 100000 end, now() from generate_series(1, 8) n
on conflict do nothing;
insert into bridge.product (account, upstream_type, price) select 'main' || n, 'cpanel', 4 from generate_series(1, 7) n;
insert into bridge.source (source, callbacks, accounts) select 's' || n, true, '{main1}' from generate_series(0, 9) n;
insert into bridge.license (source, service_id, provider, account, product_code, upstream_type, status, ip, period_end,
                            license_key, upstream_license_id, bought_at, billing_months)
select 's' || n % 10, 'svc' || n, case when n % 10 = 7 then 'lisanszone' else '724license' end,
       case when n % 10 = 7 then 'zone' else 'main' || 1 + n % 7 end, 'cpanel', 'cpanel',
       case when n % 20 = 0 then 'terminated' when n % 20 = 1 then 'suspended' else 'active' end::bridge.license_status,
       '10.0.0.0'::inet + n, current_date - 1 + case when n % 10 = 9 then n % 365 else n % 31 end,
       case when n % 10 = 7 then 'KEY-' || n end, 'u' || n, now() - interval '180 days',
       1 + n % 10 / 9 * 11
from generate_series(1, :licenses) n;
insert into bridge.due_change (period_end, account, upstream_type, billing_months, licenses)
select period_end, account, upstream_type, billing_months, count(*) from bridge.license
where provider = '724license' and status = 'active' group by 1, 2, 3, 4;
insert into bridge.license_product (source, service_id, product_code, license_id)
select source, service_id, product_code, license_id from bridge.license;
insert into bridge.license_ip (license_id, ip, since, order_id) select license_id, ip, now() - interval '180 days', 1 from bridge.license;
insert into bridge.pair (account, upstream_type, ip, license_id)
select account, upstream_type, ip, license_id from bridge.license where provider = '724license';
insert into bridge.line (license_id, account) select license_id, account from bridge.license;

insert into bridge.orders (order_id, license_id, source, operation_key, fingerprint, type, paid, provider, account, service_id,
  product_code, upstream_type, recycled, ip, billing_months, order_sequence, position, customer_email, domain, panel_order_id,
  invoice_id, event_at, state, reason_code, reason, attempts, doubted, price, credits, window_id, created_at, updated_at, finished_at)
select n, l, 's' || l % 10, 'svc' || l || ':' || n, sha256(n::text::bytea),
       case when paid then 'license.renew' when zone then 'license.verify' else 'license.suspend' end::bridge.order_type, paid,
       case when zone then 'lisanszone' else '724license' end, case when zone then 'zone' else 'main' || 1 + l % 7 end, 'svc' || l,
       'cpanel', 'cpanel', 'create', '10.0.0.0'::inet + l::int, case when paid then 1 end, 0, n,
       case when zone then 'who' || l || '@example.net' end, case when zone then 'd' || l || '.example' end, 'po' || n / 3,
       'inv' || n, at - interval '50 ms', state, case state when 'succeeded' then 'done' else 'refused' end, 'as measured',
       1 + n % 5, state = 'needs_review', case when paid then 4 end, case when paid and state = 'succeeded' then 4 end,
       case when paid then 1 + n / 16 end, at, at + interval '1 second',
       case when state in ('succeeded', 'failed', 'cancelled') then at + interval '1 second' end
from (
  select n, 1 + n % :licenses as l, n % 2 = 0 and (1 + n % :licenses) % 10 <> 7 as paid, (1 + n % :licenses) % 10 = 7 as zone,
         pg_temp.arrived(n, :orders, :'until') as at,
         case when n % 5000 = 1 then (array['queued', 'blocked', 'held', 'needs_review'])[1 + n / 5000 % 4]
              when n > :orders - :orders / 1440 then 'queued'
              when n % 100 = 3 then 'failed' when n % 400 = 7 then 'cancelled' else 'succeeded' end::bridge.order_state as state
  from generate_series(1, :orders) n) o;
select setval('bridge.order_id_seq', :orders) \g /dev/null
update bridge.line l set head_order = o.order_id, pending = 1, run_at = now() + interval '1 hour'
from (select distinct on (license_id) license_id, order_id from bridge.orders
      where state in ('queued', 'blocked', 'held', 'needs_review') order by license_id, order_id) o
where o.license_id = l.license_id;
insert into bridge.spending_window (account, state, balance_open, balance_close, confirmed, begun, opened_at, closed_at)
select 'main' || 1 + n % 7, 'shut', 100000, 99968, 32, 8, pg_temp.arrived(n * 16, :orders, :'until') - interval '1 minute',
       pg_temp.arrived(n * 16, :orders, :'until') + interval '1 minute'
from generate_series(1, :orders / 16) n;
insert into bridge.delivery (source, delivery_id, digest, order_id, received_at)
select source, 'dlv' || order_id, fingerprint, order_id, created_at from bridge.orders;
insert into bridge.delivery (source, delivery_id, digest, order_id, received_at)
select source, 'again' || order_id, fingerprint, order_id, created_at + interval '5 s' from bridge.orders where order_id % 50 = 0;
insert into bridge.event (order_id, source, delivery_id, address, body, received_at)
select order_id, source, 'dlv' || order_id, '192.0.2.1', '{"type":"license.renew","data":{"reason":"as measured"}}', created_at
from bridge.orders;
insert into bridge.attempt (order_id, attempt, account, call, worker, epoch, started_at, sent, finished_at, verdict, reason_code,
                            http_status, elapsed_ms)
select o.order_id, a, o.account, o.type::text, 'w1', 1, o.created_at + a * interval '100 ms', true,
       o.created_at + a * interval '150 ms', case when a = o.attempts then 'done' else 'later' end::bridge.verdict,
       case when a = o.attempts then 'done' else 'timeout' end, 200, 20 + (o.order_id * 7919 + a) % 9000
from bridge.orders o, lateral generate_series(1, o.attempts) a;
insert into bridge.order_history (order_id, at, from_state, to_state, reason_code, reason)
select o.order_id, o.created_at + m.after, m.from_state, coalesce(m.to_state, o.state), o.reason_code, o.reason
from bridge.orders o, lateral (values
  (interval '100 ms', 'queued'::bridge.order_state, 'calling'::bridge.order_state),
  (interval '1 second', 'calling', null)) m(after, from_state, to_state)
where o.state not in ('queued', 'blocked', 'held');
insert into bridge.ledger (account, at, kind, order_id, amount)
select account, finished_at, 'purchase', order_id, credits from bridge.orders where credits is not null;
insert into bridge.ledger (account, at, kind, balance)
select account, closed_at, 'observed', balance_close from bridge.spending_window;
insert into bridge.ledger (account, at, kind, amount)
select 'main' || 1 + d % 7, :'until'::timestamptz - d * interval '1 day', 'topup', 100000 from generate_series(1, 180) d;
insert into bridge.callback (source, order_id, type, payload, state, attempts, run_at, created_at, finished_at, lane)
select source, order_id, 'order.' || state, '{"as":"measured"}',
       case when order_id % 5000 = 2 then 'queued' when order_id % 5000 = 4 then 'dead' else 'sent' end, 1, created_at,
       created_at, created_at + interval '2 s', 'service:' || service_id
from bridge.orders where created_at > :'until'::timestamptz - interval '30 days' and finished_at is not null;
insert into bridge.refusal (at, source, address, delivery_id, status, field, reason)
select created_at, source, '192.0.2.1', 'bad' || order_id, 401, 'webhook-signature', 'no signature fits'
from bridge.orders where order_id % 100 = 11;
insert into bridge.operator_action (at, actor, action, order_id, reason)
select created_at, 'anna', 'order.release', order_id, 'as measured' from bridge.orders where order_id % 1000 = 501;
insert into bridge.budget (account, endpoint, egress, requests, per, types)
values ('zone', 'activate.php', 'default', 60, interval '1 hour', '{license.create}'),
       ('zone', 'verify.php', 'default', 60, interval '1 hour', '{license.verify}')
on conflict do nothing;
insert into bridge.worker (worker, version) values ('w1', '1');

select definition from index_of
\gexec
select setval(pg_get_serial_sequence('bridge.license', 'license_id'), :licenses) \g /dev/null
vacuum analyze;
