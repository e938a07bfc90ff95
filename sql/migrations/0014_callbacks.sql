-- SPDX-License-Identifier: Apache-2.0
-- Callbacks: who wants to hear of what, and the queue of notices.  The functions are in sql/functions.

create table bridge.source (
  source         text primary key,
  callbacks      boolean not null,
  accounts       text[] not null,
  updated_at     timestamptz not null default now()
);
comment on table bridge.source is 'The sources as last configured: whether they want notices, and at which accounts they may order';

alter table bridge.account
  add column low_balance numeric(20,6)[] not null default '{}',
  add column low_told numeric(20,6)[] not null default '{}';
comment on column bridge.account.low_balance is 'A notice goes out when the balance falls below one of these';
comment on column bridge.account.low_told is 'Those below which it is and which were told: one that it reaches again is taken out';

alter table bridge.license add column invalid_at timestamptz;
comment on column bridge.license.invalid_at is 'Since when the provider calls it invalid, as was told; null: it does not';

alter table bridge.callback
  add column webhook_id text not null default 'msg_' || replace(gen_random_uuid()::text, '-', ''),
  add column lane text not null,
  add column lease_owner text,
  add column epoch bigint not null default 0;
comment on table bridge.callback is 'Signed notices to the panels: waiting, sent, or dead letters';
comment on column bridge.callback.webhook_id is 'The same for all tries of a notice, so that the receiver knows a repeat';
comment on column bridge.callback.lane is 'Notices of one lane of a source are sent in their order: service:ID or account:NAME';
comment on column bridge.callback.run_at is 'When it may be sent, or, while leased, when the lease may be taken over';
comment on column bridge.callback.epoch is 'Rises with each lease: the end of an older one counts no more';
drop index bridge.callback_ripe;
create index callback_ripe on bridge.callback (source, run_at) where state = 'queued';
create index callback_lane on bridge.callback (source, lane, callback_id) where state = 'queued';
create index callback_open on bridge.callback (source, state) where state <> 'sent';
create index callback_sent on bridge.callback (finished_at) where state = 'sent';
create index callback_order on bridge.callback (order_id) where order_id is not null;
