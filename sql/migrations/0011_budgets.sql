-- SPDX-License-Identifier: Apache-2.0
-- Rate budgets: how many calls an endpoint takes from one address, shared by all hosts behind it.

alter table bridge.line add column head_type bridge.order_type;
comment on column bridge.line.head_type is 'What the head asks for: where calls are rationed, lines are claimed by it';
update bridge.line l set head_type = o.type from bridge.orders o where o.order_id = l.head_order;
create index line_ripe_type on bridge.line (account, head_type, run_at) where run_at is not null and not head_paid;

create table bridge.budget (
  account        text not null references bridge.account,
  endpoint       text not null,
  egress         text not null,
  requests       int not null check (requests > 0),
  per            interval not null check (per > '0'),
  types          bridge.order_type[] not null default '{}',
  spent_at       timestamptz[] not null default '{}',
  spent          int[] not null default '{}',
  strikes        int not null default 0,
  struck_at      timestamptz,
  cool_until     timestamptz,
  primary key (account, endpoint, egress),
  check (cardinality(spent_at) = cardinality(spent))
) with (fillfactor = 50);
comment on table bridge.budget is 'Calls that an endpoint still takes from one address; a row is locked while a batch is taken from it';
comment on column bridge.budget.egress is 'The address that the provider sees, by the name that the hosts behind it have configured';
comment on column bridge.budget.types is 'The orders that are carried out there, the more urgent first';
comment on column bridge.budget.spent is 'Calls taken until spent_at, within the last stretch of length per';
comment on column bridge.budget.strikes is 'How often the provider asked for fewer calls since it last answered: one call at a time until it does';

-- A line of what a worker takes from rationed endpoints; wait_ms without work: when the next call may be taken.
create type bridge.claimed as (wait_ms bigint, probe boolean, work bridge.work);
