-- SPDX-License-Identifier: Apache-2.0
-- What lets operators find and count things among ten million orders without slowing intake down: nothing here adds
-- to an index that every new order has to enter.

-- A service is looked for without its source too; the index is as large as before.
create index license_service_source on bridge.license (service_id, source);
drop index bridge.license_service;
create index license_upstream_id on bridge.license (upstream_license_id) where upstream_license_id is not null;

-- The same uniqueness, with what people look for in front.
alter table bridge.pair add constraint pair_ip_account_upstream_type_key unique (ip, account, upstream_type);
alter table bridge.pair drop constraint pair_account_upstream_type_ip_key;

-- Orders that ended badly, and those of Lisans Zone, need not be on an address that their license ever had.
create index orders_ended_badly on bridge.orders (state, order_id) where state in ('failed', 'cancelled');
create index orders_odd_ip on bridge.orders (ip)
  where ip is not null and (state in ('failed', 'cancelled') or provider = 'lisanszone');
create index orders_odd_new_ip on bridge.orders (new_ip) where new_ip is not null and state in ('failed', 'cancelled');
create index orders_freed_key on bridge.orders (operation_key) where key_free;
create index orders_email on bridge.orders (lower(customer_email)) where customer_email is not null;
create index orders_domain on bridge.orders (lower(domain)) where domain is not null;
-- Every order has these: a summary of each stretch of the table is enough to leave nearly all of it out.
create index orders_invoice on bridge.orders
  using brin (invoice_id text_bloom_ops, panel_order_id text_bloom_ops) with (pages_per_range = 64, autosummarize = on);

-- History is written in the order of time.
create index attempt_time on bridge.attempt using brin (started_at) with (pages_per_range = 32, autosummarize = on);
create index order_history_time on bridge.order_history using brin (at) with (pages_per_range = 32, autosummarize = on);
create index order_history_failed on bridge.order_history (at) where to_state = 'failed';

-- Sums of hours that are over.  An hour is summed once, by a worker, five minutes after its end, when nothing that
-- happened in it can still be on its way into the database; what is younger is counted when asked.
create table bridge.hour (
  hour           timestamptz primary key,
  last_order     bigint not null,
  accepted       bigint not null,
  succeeded      bigint not null,
  failed         bigint not null,
  cancelled      bigint not null
);
comment on table bridge.hour is 'Each hour that is over: orders accepted and finished in it';
comment on column bridge.hour.last_order is 'The last order accepted before its end';
create table bridge.hour_account (
  hour           timestamptz not null references bridge.hour,
  account        text not null references bridge.account,
  calls          bigint not null default 0,
  errors         bigint not null default 0,
  purchases      bigint not null default 0,
  spent          numeric(20,6) not null default 0,
  topups         numeric(20,6) not null default 0,
  adjustments    numeric(20,6) not null default 0,
  primary key (account, hour)
);
comment on table bridge.hour_account is 'Each hour that is over: calls made and credits moved on each account';
comment on column bridge.hour_account.errors is 'Calls that were answered late, unclearly or not at all';
