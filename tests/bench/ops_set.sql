-- SPDX-License-Identifier: Apache-2.0
-- The set that the operators' views are measured on: :orders orders of the last 180 days, three attempts and moves each
-- on average, a twentieth as many licenses, 0.2 % unfinished, 1 % failed.  Rows are written past the triggers.
\set QUIET on
\set ON_ERROR_STOP on
set session_replication_role = replica;
set synchronous_commit = off;
set timezone = 'UTC';
select :orders / 20 as licenses, interval '180 days' / :orders as apart, now() - interval '180 days' as begun \gset

-- History of half a year needs its months.
select format('create table bridge.%I partition of bridge.%I for values from (%L) to (%L)',
              p || '_' || to_char(m, 'YYYYMM'), p, m::timestamptz, (m + interval '1 month')::timestamptz)
from unnest(array['event', 'attempt', 'order_history', 'refusal']) p,
     generate_series(date_trunc('month', now() - interval '180 days'), date_trunc('month', now()), interval '1 month') m
where to_regclass('bridge.' || p || '_' || to_char(m, 'YYYYMM')) is null
\gexec

insert into bridge.account (account, provider, quiet, balance, balance_at)
select 'main' || n, '724license', interval '10 minutes', 10000, now() from generate_series(1, 4) n;
insert into bridge.product (account, upstream_type, price) select 'main' || n, 'cpanel', 4 from generate_series(1, 4) n;
insert into bridge.license (source, service_id, provider, account, product_code, upstream_type, status, ip, period_end,
                            upstream_license_id, bought_at)
select 's' || n % 10, 'svc' || n, '724license', 'main' || 1 + n % 4, 'cpanel', 'cpanel', 'active',
       '10.0.0.0'::inet + n, current_date - 5 + n % 365, 'u' || n, now()
from generate_series(1, :licenses) n;
insert into bridge.license_product (source, service_id, product_code, license_id)
select source, service_id, product_code, license_id from bridge.license;
insert into bridge.license_ip (license_id, ip, since, order_id) select license_id, ip, now() - interval '180 days', 1 from bridge.license;
insert into bridge.pair (account, upstream_type, ip, license_id) select account, upstream_type, ip, license_id from bridge.license;
insert into bridge.line (license_id, account) select license_id, account from bridge.license;

insert into bridge.orders (order_id, license_id, source, operation_key, fingerprint, type, paid, provider, account, service_id,
  product_code, upstream_type, recycled, ip, billing_months, order_sequence, position, invoice_id, event_at, state,
  reason_code, reason, attempts, price, credits, created_at, updated_at, finished_at)
select n, l, 's' || l % 10, 'svc' || l || ':' || n, sha256(n::text::bytea),
       case when paid then 'license.renew' else 'license.suspend' end::bridge.order_type, paid, '724license',
       'main' || 1 + l % 4, 'svc' || l, 'cpanel', 'cpanel', 'create', '10.0.0.0'::inet + l::int, case when paid then 1 end, 0,
       n, 'inv' || n, at - interval '50 ms', state, case state when 'succeeded' then 'done' else 'refused' end, 'as measured',
       3, case when paid then 4 end, case when paid and state = 'succeeded' then 4 end, at, at + interval '1 second',
       case when state in ('succeeded', 'failed', 'cancelled') then at + interval '1 second' end
from (
  select n, 1 + n % :licenses as l, n % 2 = 0 as paid, :'begun'::timestamptz + n * :'apart'::interval as at,
         case when n % 500 = 1 then (array['queued', 'blocked', 'held', 'needs_review'])[1 + n / 500 % 4]
              when n % 100 = 3 then 'failed' else 'succeeded' end::bridge.order_state as state
  from generate_series(1, :orders) n) o;
select setval('bridge.order_id_seq', :orders) \g /dev/null
update bridge.line l set head_order = o.order_id, pending = 1
from (select distinct on (license_id) license_id, order_id from bridge.orders
      where state in ('queued', 'blocked', 'held', 'needs_review') order by license_id, order_id) o
where o.license_id = l.license_id;
insert into bridge.delivery (source, delivery_id, digest, order_id, received_at)
select source, 'dlv' || order_id, fingerprint, order_id, created_at from bridge.orders;
insert into bridge.event (order_id, source, delivery_id, address, body, received_at)
select order_id, source, 'dlv' || order_id, '192.0.2.1', '{}', created_at from bridge.orders;
insert into bridge.attempt (order_id, attempt, account, call, worker, epoch, started_at, sent, finished_at, verdict, reason_code,
                            http_status, elapsed_ms)
select o.order_id, a, o.account, o.type::text, 'w1', 1, o.created_at + a * interval '100 ms', true,
       o.created_at + a * interval '150 ms', case when a = 3 then 'done' else 'later' end::bridge.verdict,
       case when a = 3 then 'done' else 'timeout' end, 200, 20 + (o.order_id * 7 + a) % 900
from bridge.orders o, generate_series(1, 3) a;
insert into bridge.order_history (order_id, at, from_state, to_state, reason_code, reason)
select o.order_id, o.created_at + interval '1 second', 'calling', o.state, o.reason_code, o.reason from bridge.orders o
where o.state in ('succeeded', 'failed', 'needs_review');
insert into bridge.ledger (account, at, kind, order_id, amount)
select account, finished_at, 'purchase', order_id, credits from bridge.orders where credits is not null;
insert into bridge.worker (worker, version) values ('w1', '1');
analyze;
vacuum bridge.orders, bridge.license, bridge.ledger, bridge.delivery, bridge.hour, bridge.hour_account;
