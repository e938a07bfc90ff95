-- SPDX-License-Identifier: Apache-2.0
-- What providers sell and say, and what they say of each license.

alter table bridge.product alter column price drop not null;
comment on column bridge.product.price is 'Of one month; null: configured, but never seen in the catalogue';

create table bridge.product_history (
  account        text not null references bridge.account,
  upstream_type  text not null,
  seen_at        timestamptz not null default now(),
  price          numeric(20,6),
  visible        boolean not null
);
comment on table bridge.product_history is 'A product''s price and visibility each time that they were seen to change';
create index product_history_product on bridge.product_history (account, upstream_type, seen_at);
insert into bridge.product_history (account, upstream_type, seen_at, price, visible)
select account, upstream_type, updated_at, price, visible from bridge.product;

alter table bridge.account
  add column catalogue_at timestamptz,
  add column info jsonb,
  add column info_at timestamptz;
comment on column bridge.account.catalogue_at is 'When a worker last set about reading the catalogue';
comment on column bridge.account.info is 'What the provider said of itself';

alter table bridge.license
  add column activated_at timestamptz,
  add column verified_at timestamptz,
  add column sweep_at timestamptz;
comment on column bridge.license.activated_at is 'When the provider says that it was activated';
comment on column bridge.license.verified_at is 'When the provider last said whether it is valid';
comment on column bridge.license.sweep_at is 'When it is verified next without being asked to';
create index license_sweep on bridge.license (account, sweep_at) where status = 'active' and license_key is not null;
create index license_expiry on bridge.license (expires_at) where status = 'active' and expires_at is not null;
