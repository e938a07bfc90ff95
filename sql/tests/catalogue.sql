-- SPDX-License-Identifier: Apache-2.0
-- The catalogue with its history, verification sweeps, and what a provider says of a license.
\ir helper.psql
select plan(50);

-- The catalogue.
create function t.sync(p_types text[], p_prices text[], p_configured text[] default '{cpanel,litespeed}') returns int
language sql as $$
  select bridge.product_sync('main', p_types, p_types, p_prices, array_fill(true, array[cardinality(p_types)]), p_configured)
$$;
create function t.product(p_type text) returns text language sql as $$
  select coalesce(price::text, 'none') || ' ' || visible from ops.products where account = 'main' and upstream_type = p_type
$$;
create function t.history(p_type text) returns text language sql as $$
  select string_agg(coalesce(price::text, 'none') || ' ' || visible, ', ' order by seen_at, ctid) from bridge.product_history
  where account = 'main' and upstream_type = p_type
$$;
select is(t.sync('{cpanel,litespeed}', '{4,3}'), 2, 'a first catalogue');
select is(t.sync('{cpanel,litespeed}', '{4,3}'), 0, 'the same again is no news');
select is((select count(*) from bridge.product_history), 2::bigint, '… and makes no history');
select is(t.sync('{cpanel,litespeed}', '{4.5,3}'), 1, 'a price rises');
select is(t.product('cpanel'), '4.5 true', '… which is known');
select matches(t.history('cpanel'), '^4.0+ true, 4.50+ true$', '… and kept');
select is(t.sync('{litespeed}', '{3}'), 1, 'a product is no longer listed');
select is(t.product('cpanel'), '4.5 false', '… it keeps its price');
select is((t.send('{"product_code": "cpanel"}')).field, 'data.product_code', '… and is not sold to new customers');
select is(t.sync('{litespeed}', '{3}', '{litespeed,imunify360}'), 1, 'a configured product that was never listed');
select is(t.product('imunify360'), 'none false', '… is known as such');
select is((t.send('{"product_code": "imunify360", "service_id": "i"}')).field, 'data.product_code', '… and not sold');
select is((select (price, expected, visible)::text from bridge.price_read('main', 'imunify360', 1, 'create')), '(,,f)', '… and has no price');
select is((select count(*) from ops.product_history where account = 'main'), 5::bigint, 'the history is a view');
select t.sync('{cpanel,litespeed}', '{4.5,3}') \g /dev/null
select is(t.product('cpanel'), '4.5 true', 'it is listed again');
select is(t.send('old', '{"service_id": "o", "ip": "192.0.2.77"}'), 'accepted queued', '… and sold again');
select t.done('old') \g /dev/null
select t.sync('{litespeed}', '{3}') \g /dev/null
select is(t.send('renew', '{"type": "license.renew", "service_id": "o", "ip": "192.0.2.77"}'), 'accepted queued', 'what was sold is renewed, listed or not');

-- Whose turn it is.
select is(bridge.catalogue_take('main', 60000), true, 'the first worker reads the catalogue');
select is(bridge.catalogue_take('main', 60000), false, '… and nobody else');
update bridge.account set catalogue_at = now() - interval '2 minutes';
select is(bridge.catalogue_take('main', 60000), true, '… until it is time again');

-- Verification.
insert into bridge.source (source, callbacks, accounts) values ('s1', true, '{main,zone}');
create function t.zone(p_name text, p_service text, p jsonb default '{}') returns text language sql as $$
  select t.send(p_name, jsonb_build_object('provider', 'lisanszone', 'account', 'zone', 'product_code', 'lz-app',
                                           'license_key', p_service, 'service_id', p_service, 'ip', null) || p)
$$;
create function t.take(p_limit int default 10, p_requests int default 60) returns text language sql as $$
  select coalesce(string_agg(s.license_key, ' ' order by s.license_key), '')
  from bridge.sweep_take('zone', p_limit, 86400000, 'verify', 'default', p_requests, 3600000, array['license.verify']) s
$$;
create function t.sweep_end(p_name text, p_code text, p_expires_ms bigint default null) returns boolean language sql as $$
  select bridge.sweep_end(l.license_id, n.lease_epoch, p_code, 'said so', p_expires_ms, 1704099600000, 86400000)
  from bridge.license l join bridge.line n using (license_id) where l.license_id = (t.o(p_name)).license_id
$$;
create function t.license(p_name text) returns bridge.license language sql as $$
  select l from bridge.license l where l.license_id = (t.o(p_name)).license_id
$$;
select t.zone('k' || i, 'K' || i) from generate_series(1, 3) i \g /dev/null
select t.done('k' || i) from generate_series(1, 3) i \g /dev/null
alter table bridge.orders disable trigger user;
update bridge.orders set customer_email = 'a@example.com' where account = 'zone';
alter table bridge.orders enable trigger user;
select is(t.take(), '', 'what was just bought is not looked at');
update bridge.license set bought_at = now() - interval '2 days' where account = 'zone';
select t.zone('busy', 'K3', '{"type": "license.suspend"}') \g /dev/null
select is(t.take(), 'K1 K2', 'a day later it is, unless an order waits');
select is(t.take(), '', '… once');
select is((select (free, waiting)::text from ops.budgets where endpoint = 'verify'), '(58,0)', '… from the budget');
select is(t.sweep_end('k1', 'done', 1735678799000), true, 'valid');
select is(((t.license('k1')).expires_at, (t.license('k1')).activated_at)::text, '("2024-12-31 20:59:59+00","2024-01-01 09:00:00+00")', '… its times are kept');
select is(t.sweep_end('k2', 'verification_failed'), true, 'not valid');
select is((select (source, type, payload::json -> 'data' ->> 'service_id', payload::json -> 'data' ->> 'reason')::text from bridge.callback where type = 'license.invalid'),
          '(s1,license.invalid,K2,"said so")', '… its panel is told');
select t.sweep_end('k2', 'license_not_valid') \g /dev/null
select is((select count(*) from bridge.callback where type = 'license.invalid'), 1::bigint, '… once');
select t.sweep_end('k2', 'done') \g /dev/null
select is((t.license('k2')).invalid_at, null, 'until it is valid again');
select is(t.sweep_end('k2', 'timeout'), false, 'an answer that tells nothing');
select ok((t.license('k2')).sweep_at between now() + interval '2 hours' and now() + interval '3 hours', '… is asked for again');
select is((select bridge.sweep_end(l.license_id, n.lease_epoch - 1, 'verification_failed', 'x', null, null, 1000)
           from bridge.license l join bridge.line n using (license_id) where l.license_id = (t.o('k1')).license_id), false,
          'what was done meanwhile makes an answer void');
update bridge.license set sweep_at = now() - interval '1 second' where account = 'zone';
update bridge.license set sweep_at = now() - interval '1 minute' where license_key = 'K1';
select is(t.take(10, 4), 'K1', 'a tenth of the budget, and one, are left to orders');

-- An order that asks.
select t.zone('ask', 'K1', '{"type": "license.verify"}') \g /dev/null
select t.call('ask') \g /dev/null
select t.outcome('ask', '{"to": "failed", "code": "license_not_valid", "reason": "no", "verdict": "refused"}') \g /dev/null
select ok((t.license('k1')).invalid_at is not null, 'an order''s answer tells as well');

-- What ends.
update bridge.license set expires_at = now() + interval '5 days' where license_key = 'K1';
update bridge.license set expires_at = now() - interval '1 day' where license_key = 'K2';
update bridge.license set period_end = current_date - 1 where service_id = 'o';
select is((select string_agg(service_id, ' ' order by service_id) from ops.licenses_expiring), 'K1', 'licenses that end soon');
select is((select string_agg(service_id || ' ' || renewal_waits, ', ' order by service_id collate "C") from ops.renewals_overdue),
          'K2 false, o true', 'licenses that should have been renewed, and whether a renewal is on its way');
select bridge.info_store('zone', '{"api": {"version": "2.0", "status": "operational"}, "statistics": {"total_licenses": 150}}') \g /dev/null
select is((select (api_version, api_status, total_licenses, online_activations)::text from ops.providers where account = 'zone'),
          '(2.0,operational,150,)', 'what a provider says of itself');
select t.zone('on', 'K9') \g /dev/null
select bridge.license_activated(t.id('on'), 1704099600000) \g /dev/null
select is((t.license('on')).activated_at, '2024-01-01 09:00:00+00'::timestamptz, 'when it says that a license was activated');

-- The price guard.
select bridge.operator_cancel('me', t.id('renew'), null) \g /dev/null
select t.sync('{cpanel,litespeed}', '{4.5,3}') \g /dev/null
select t.send('dear', '{"service_id": "g", "ip": "192.0.2.81", "billing_months": 2}') \g /dev/null
alter table bridge.orders disable trigger user;
update bridge.orders set max_credits = 8 where order_id = t.id('dear');
alter table bridge.orders enable trigger user;
select is(t.claim_paid('w1'), 'dear', 'an order …');
select is((t.begin_code('dear'))::text, '(,dear,9.0)', '… that may cost more than it may');
select is((t.o('dear')).attempts, 0, '… does not begin');
select bridge.work_return(t.id('dear'), (t.line('dear')).lease_epoch, 'held', 'price_guard', 'dear', null, null) \g /dev/null
select is(bridge.guards_release('{cpanel}', array[null]), 0, 'as long as it is dear it is held');
select t.sync('{cpanel,litespeed}', '{4,3}') \g /dev/null
select is(bridge.guards_release('{litespeed}', array[null]), 0, 'or its product is not configured');
select is(bridge.guards_release('{cpanel}', '{3.9}'), 0, 'or a month is dearer than the product may be');
insert into bridge.product_price (account, upstream_type, billing_months, action, price, month_price)
  values ('main', 'cpanel', 2, 'create', 9, 4);
select is(bridge.guards_release('{cpanel}', '{4}'), 0, 'or it is known to cost more');
delete from bridge.product_price;
select is(bridge.guards_release('{cpanel}', '{4}'), 1, '… and then it goes on');
select is(t.state('dear'), 'queued', '… in the queue');


-- What was sold is renewed, also when it is no longer sold.  The first renewal of a period is ordinary, the second one
-- is looked at by itself.
select t.send('own', '{"service_id": "own", "ip": "192.0.2.50"}') \g /dev/null
select t.window() \g /dev/null
select t.done('own') \g /dev/null
update bridge.product set visible = false where account = 'main' and upstream_type = 'cpanel';
select is(t.send('own' || n, '{"type": "license.renew", "service_id": "own", "ip": "192.0.2.50", "period_end": "2027-01-01"}'),
          said, 'renewal ' || n || ' of a product that is no longer sold')
from (values (1, 'accepted queued'), (2, 'accepted held')) v(n, said);
select * from finish();
