-- SPDX-License-Identifier: Apache-2.0
-- A call that may turn out to have cost nothing has a third possible cost beside price and price_other.

alter table bridge.orders add column may_be_free boolean not null default false;
comment on column bridge.orders.may_be_free is 'The paid call under way may cost nothing: an address where a license of ours was, a change of product that is not learned';
alter type bridge.window_look add attribute solo_free boolean;

-- Which license of ours an answer names.
create index license_upstream on bridge.license (account, upstream_license_id) where upstream_license_id is not null;
