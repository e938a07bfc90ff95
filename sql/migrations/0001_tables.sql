-- SPDX-License-Identifier: Apache-2.0
-- Tables, types and the constraints that carry the promises.
-- Lock order everywhere: lines (by license_id), accounts (by name), pairs, orders.  Whoever cannot keep to it takes
-- the lock only if it is free (skip locked).  docs/database.md tells what is left.

create schema bridge;
create schema ops;
comment on schema bridge is 'License Bridge: the ledger of orders; reached through functions';
comment on schema ops is 'License Bridge: views for operators and analysts';
revoke all on schema bridge, ops from public;
grant usage on schema bridge to bridge_intake, bridge_worker, bridge_ops, bridge_operator;
grant usage on schema ops to bridge_ops;
alter default privileges in schema bridge revoke execute on functions from public;
alter default privileges revoke execute on functions from public;

create type bridge.order_type as enum
  ('license.create', 'license.renew', 'license.suspend', 'license.unsuspend', 'license.terminate',
   'license.change_ip', 'license.change_product', 'license.verify');
create type bridge.order_state as enum
  ('queued', 'blocked', 'held', 'calling', 'in_doubt', 'needs_review', 'succeeded', 'failed', 'cancelled');
create type bridge.license_status as enum ('unknown', 'pending', 'active', 'suspended', 'terminated');
create type bridge.verdict as enum ('done', 'later', 'refused', 'unsure');

create table bridge.account (
  account        text primary key,
  provider       text not null check (provider in ('724license', 'lisanszone')),
  version        bigint not null default 0,
  paused         boolean not null default false,
  pause_reason   text,
  window_id      bigint,
  window_state   text not null default 'shut' check (window_state in ('shut', 'open', 'drain')),
  width          int not null default 1 check (width between 1 and 8),
  alarm          text,
  alarm_at       timestamptz,
  unread_since   timestamptz,
  balance        numeric(20,6),
  balance_at     timestamptz,
  sandbox        boolean not null default false,
  created_at     timestamptz not null default now(),
  check (paused = (pause_reason is not null))
);
comment on table bridge.account is 'One set of credentials at a provider; version rises with every change that money depends on';
comment on column bridge.account.width is 'Paid calls in flight at once just now: 1 after an incident, doubled by each window without doubt';
comment on column bridge.account.alarm is 'The balance moved without explanation: windows are tainted until a person has looked';
comment on column bridge.account.unread_since is 'Since when the balance cannot be read';

create table bridge.product (
  account        text not null references bridge.account,
  upstream_type  text not null,
  name           text,
  price          numeric(20,6) not null check (price >= 0),
  visible        boolean not null default true,
  updated_at     timestamptz not null default now(),
  primary key (account, upstream_type)
);
comment on table bridge.product is 'The provider''s catalogue as last read: price of one month';

create table bridge.product_price (
  account        text not null references bridge.account,
  action         text not null check (action in ('create', 'renew', 'change-core')),
  upstream_type  text not null,
  new_type       text not null default '',
  billing_months int not null check (billing_months >= 0),
  month_price    numeric(20,6) not null check (month_price >= 0),
  price          numeric(20,6) not null check (price >= 0),
  learned_at     timestamptz not null default now(),
  primary key (account, action, upstream_type, new_type, billing_months)
);
comment on table bridge.product_price is 'What a whole call was seen to cost, learned from a confirmed call alone in its window; counts while the catalogue says month_price';

create table bridge.license (
  license_id     bigint generated always as identity primary key,
  source         text not null,
  service_id     text not null,
  provider       text not null,
  account        text not null references bridge.account,
  product_code   text not null,
  upstream_type  text not null,
  status         bridge.license_status not null default 'unknown',
  ip             inet,
  license_key    text,
  upstream_license_id text,
  period_end     date,
  expires_at     timestamptz,
  bought_at      timestamptz,
  adopted_at     timestamptz,
  terminated_at  timestamptz,
  created_at     timestamptz not null default now(),
  updated_at     timestamptz not null default now()
);
comment on table bridge.license is 'The thing upstream, as one service of one panel has it';
create index license_service on bridge.license (source, service_id);
create index license_ip_now on bridge.license (ip) where ip is not null;

create table bridge.license_product (
  source         text not null,
  service_id     text not null,
  product_code   text not null,
  license_id     bigint not null references bridge.license,
  primary key (source, service_id, product_code)
);
comment on table bridge.license_product is 'Which license a panel means by (service, product code); a change of product adds a code';

create table bridge.license_ip (
  license_id     bigint not null references bridge.license,
  ip             inet not null,
  since          timestamptz not null default now(),
  until          timestamptz,
  order_id       bigint not null
);
comment on table bridge.license_ip is 'The addresses a license has had';
create index license_ip_license on bridge.license_ip (license_id, since);
create index license_ip_ip on bridge.license_ip (ip);

create table bridge.pair (
  pair_id        bigint generated always as identity primary key,
  account        text not null references bridge.account,
  upstream_type  text not null,
  ip             inet not null,
  license_id     bigint references bridge.license,
  owned_at       timestamptz,
  terminated_at  timestamptz,
  unique (account, upstream_type, ip)
);
create index pair_holder on bridge.pair (license_id) where license_id is not null;
comment on table bridge.pair is 'An (account, type, ip) and the license that holds it; rows stay, so that what we ever owned is known';
comment on column bridge.pair.license_id is 'The holder; null when it has let go';

create table bridge.line (
  license_id     bigint primary key references bridge.license,
  account        text not null,
  head_order     bigint,
  head_paid      boolean not null default false,
  pending        int not null default 0 check (pending >= 0),
  run_at         timestamptz,
  lease_owner    text,
  lease_until    timestamptz,
  lease_epoch    bigint not null default 0,
  last_position  bigint not null default 0,
  max_sequence   bigint,
  done_sequence  bigint,
  settle_until   timestamptz,
  probe_until    timestamptz,
  check ((lease_owner is null) = (lease_until is null))
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
comment on table bridge.line is 'The queue of one license: what workers claim.  Small and hot';
comment on column bridge.line.account is 'Where the head is carried out; a product may move to another account';
comment on column bridge.line.run_at is 'When the head may be claimed, or, while leased, when the lease may be taken over; null: nothing to claim';
comment on column bridge.line.pending is 'Unfinished orders in line, parked ones not counted';
comment on column bridge.line.settle_until is 'A doubtful call may still act until then: the next order waits';
comment on column bridge.line.probe_until is 'Likewise the existence probe that is on its way';
create index line_ripe on bridge.line (account, head_paid, run_at) where run_at is not null;
create index line_leased on bridge.line (run_at) where lease_owner is not null;

create sequence bridge.order_id_seq as bigint cache 1;

create table bridge.orders (
  order_id       bigint primary key default nextval('bridge.order_id_seq'),
  license_id     bigint not null references bridge.license,
  source         text not null,
  operation_key  text not null,
  key_free       boolean not null default false,
  fingerprint    bytea not null check (length(fingerprint) = 32),
  type           bridge.order_type not null,
  paid           boolean not null,
  provider       text not null,
  account        text not null,
  service_id     text not null,
  product_code   text not null,
  upstream_type  text not null,
  new_product_code text,
  new_upstream_type text,
  recycled       text not null check (recycled in ('create', 'renew')),
  ip             inet,
  new_ip         inet,
  billing_months int check (billing_months between 1 and 120),
  period_end     date,
  license_key    text,
  customer_email text,
  domain         text,
  hwid           text,
  machine_name   text,
  os_info        text,
  verification_type text,
  sequence       bigint check (sequence >= 0),
  order_sequence bigint not null,
  position       bigint not null,
  cause          text,
  max_credits    numeric(20,6) check (max_credits >= 0),
  panel_order_id text,
  invoice_id     text,
  invoice_item_id text,
  event_at       timestamptz,
  state          bridge.order_state not null,
  reason_code    text,
  reason         text,
  parked         boolean not null default false,
  waits_pair     bigint references bridge.pair,
  doubted        boolean not null default false,
  attempts       int not null default 0,
  sent_attempt   int not null default 0,
  deadline       timestamptz,
  next_try_at    timestamptz,
  price          numeric(20,6),
  price_other    numeric(20,6),
  month_price    numeric(20,6),
  window_id      bigint,
  unsettled      boolean not null default false,
  credits        numeric(20,6),
  upstream_license_id text,
  created_at     timestamptz not null default now(),
  updated_at     timestamptz not null default now(),
  finished_at    timestamptz,
  check (not key_free or state = 'failed'),
  check (not parked or state = 'held'),
  check (sent_attempt <= attempts),
  check (not unsettled or state = 'needs_review'),
  check ((finished_at is not null) = (state in ('succeeded', 'failed', 'cancelled'))),
  unique (license_id, position)
) with (fillfactor = 85);
comment on table bridge.orders is 'One requested operation on one license: the unit of work';
comment on column bridge.orders.order_sequence is 'The sequence given, or the highest one of the license at arrival: with position a total order';
comment on column bridge.orders.key_free is 'Ended failed after a definite refusal with nothing bought: its operation_key may be used again';
comment on column bridge.orders.parked is 'Held outside the line (a second renewal of one period): does not block the orders behind it';
comment on column bridge.orders.sent_attempt is 'The last attempt that passed the fence; below attempts: the last one was provably not sent';
comment on column bridge.orders.price is 'What the paid call was booked to cost; price_other: what else it may cost while that is not learned; month_price: what the catalogue said then';
comment on column bridge.orders.unsettled is 'In review because a paid call may have bought: taints every window until a person settles it';
comment on column bridge.orders.doubted is 'An attempt of this order may have been carried out without our knowing';
create unique index orders_key on bridge.orders (source, operation_key) where not key_free;
create index orders_line on bridge.orders (license_id, order_sequence, position)
  where state not in ('succeeded', 'failed', 'cancelled');
create index orders_state on bridge.orders (state, order_id)
  where state not in ('succeeded', 'failed', 'cancelled');
create index orders_paused on bridge.orders (account)
  where state = 'held' and reason_code in ('account_paused', 'account_denied');
create index orders_spending on bridge.orders (account) where paid and state in ('calling', 'in_doubt');
create index orders_unsettled on bridge.orders (account) where unsettled;
create index orders_waits on bridge.orders (waits_pair) where waits_pair is not null;
create index orders_renewals on bridge.orders (license_id, period_end)
  where type = 'license.renew' and period_end is not null;

create table bridge.order_move (
  from_state     bridge.order_state not null,
  to_state       bridge.order_state not null,
  primary key (from_state, to_state)
);
comment on table bridge.order_move is 'The moves that exist; the same table stands in order/state.c and a test compares them';
insert into bridge.order_move (from_state, to_state) values
  ('queued', 'calling'), ('queued', 'blocked'), ('queued', 'held'), ('queued', 'failed'), ('queued', 'cancelled'),
  ('blocked', 'queued'), ('blocked', 'held'), ('blocked', 'failed'), ('blocked', 'cancelled'),
  ('held', 'queued'), ('held', 'blocked'), ('held', 'failed'), ('held', 'cancelled'),
  ('calling', 'succeeded'), ('calling', 'failed'), ('calling', 'queued'), ('calling', 'held'),
  ('calling', 'in_doubt'), ('calling', 'needs_review'),
  ('in_doubt', 'succeeded'), ('in_doubt', 'queued'), ('in_doubt', 'needs_review'),
  ('needs_review', 'succeeded'), ('needs_review', 'failed'), ('needs_review', 'queued');

create table bridge.delivery (
  source         text not null,
  delivery_id    text not null,
  digest         bytea not null check (length(digest) = 32),
  order_id       bigint not null,
  received_at    timestamptz not null default now(),
  primary key (source, delivery_id)
);
comment on table bridge.delivery is 'Every acknowledged delivery and the order it led to, kept for ever so that a repeat changes nothing';
create index delivery_order on bridge.delivery (order_id);

-- Append-only history, one partition a month; see bridge.partitions_ensure.
create table bridge.event (
  order_id       bigint not null,
  source         text not null,
  delivery_id    text not null,
  address        text,
  body           bytea not null,
  received_at    timestamptz not null default now()
) partition by range (received_at);
comment on table bridge.event is 'The signed bytes of each delivery that made an order';
create index event_order on bridge.event (order_id);
create table bridge.event_default partition of bridge.event default;

create table bridge.attempt (
  order_id       bigint not null,
  attempt        int not null,
  account        text not null,
  call           text not null,
  worker         text not null,
  epoch          bigint not null,
  started_at     timestamptz not null default now(),
  sent           boolean,
  finished_at    timestamptz,
  verdict        bridge.verdict,
  reason_code    text,
  reason         text,
  http_status    int,
  curl_code      int,
  elapsed_ms     int,
  request        text,
  answer         bytea,
  price          numeric(20,6),
  balance_before numeric(20,6),
  window_id      bigint,
  primary key (order_id, attempt, started_at)
) partition by range (started_at);
comment on table bridge.attempt is 'One upstream call for an order: written before the call, completed after it';
create index attempt_open on bridge.attempt (order_id, attempt) where finished_at is null;
create table bridge.attempt_default partition of bridge.attempt default;

create table bridge.order_history (
  order_id       bigint not null,
  at             timestamptz not null default clock_timestamp(),
  from_state     bridge.order_state not null,
  to_state       bridge.order_state not null,
  reason_code    text,
  reason         text
) partition by range (at);
comment on table bridge.order_history is 'Every move of every order, written by the trigger that checks it';
create index order_history_order on bridge.order_history (order_id, at);
create table bridge.order_history_default partition of bridge.order_history default;

create table bridge.refusal (
  at             timestamptz not null default now(),
  source         text,
  address        text,
  delivery_id    text,
  status         int not null,
  field          text,
  reason         text not null,
  digest         bytea,
  suppressed     bigint not null default 0
) partition by range (at);
comment on table bridge.refusal is 'Deliveries that were refused; bounded per minute, suppressed counts those only counted';
create index refusal_at on bridge.refusal (at);
create table bridge.refusal_default partition of bridge.refusal default;

create table bridge.spending_window (
  window_id      bigint generated always as identity primary key,
  account        text not null references bridge.account,
  state          text not null check (state in ('open', 'drain', 'shut')),
  tainted        boolean not null default false,
  solo           boolean not null default false,
  balance_open   numeric(20,6),
  balance_close  numeric(20,6),
  confirmed      numeric(20,6) not null default 0,
  begun          int not null default 0,
  opened_at      timestamptz not null default now(),
  closed_at      timestamptz
);
comment on table bridge.spending_window is 'A span of paid calls between two balance readings of a quiet account';
comment on column bridge.spending_window.tainted is 'No conclusion is drawn from its balances';
comment on column bridge.spending_window.solo is 'A call whose cost is not learned yet, alone';
comment on column bridge.spending_window.confirmed is 'What its confirmed calls were booked to cost';


create table bridge.ledger (
  entry_id       bigint generated always as identity primary key,
  account        text not null references bridge.account,
  at             timestamptz not null default now(),
  kind           text not null check (kind in ('purchase', 'topup', 'adjustment', 'observed')),
  order_id       bigint,
  amount         numeric(20,6),
  balance        numeric(20,6),
  note           text,
  check ((kind = 'purchase') = (order_id is not null)),
  check (kind <> 'observed' or balance is not null)
);
comment on table bridge.ledger is 'Credits: what was bought, topped up, adjusted and seen; append-only';
create unique index ledger_purchase on bridge.ledger (order_id) where kind = 'purchase';
create index ledger_account on bridge.ledger (account, entry_id);

create table bridge.callback (
  callback_id    bigint generated always as identity primary key,
  source         text not null,
  order_id       bigint,
  type           text not null,
  payload        text not null,
  state          text not null default 'queued' check (state in ('queued', 'sent', 'dead')),
  attempts       int not null default 0,
  run_at         timestamptz not null default now(),
  last_status    int,
  last_error     text,
  created_at     timestamptz not null default now(),
  finished_at    timestamptz
);
comment on table bridge.callback is 'Signed notices to the panels, waiting or sent';
create index callback_ripe on bridge.callback (run_at) where state = 'queued';

create table bridge.operator_action (
  action_id      bigint generated always as identity primary key,
  at             timestamptz not null default now(),
  actor          text not null,
  action         text not null,
  order_id       bigint,
  account        text,
  reason         text,
  detail         jsonb not null default '{}'
);
comment on table bridge.operator_action is 'What people did, append-only';
create index operator_action_order on bridge.operator_action (order_id) where order_id is not null;

create table bridge.token (
  token_id       bigint generated always as identity primary key,
  name           text not null check (name <> ''),
  digest         bytea not null unique check (length(digest) = 32),
  scopes         text[] not null check (scopes <@ array['read', 'operate', 'settle', 'buy-again'] and scopes <> '{}'),
  created_at     timestamptz not null default now(),
  expires_at     timestamptz,
  revoked_at     timestamptz
);
comment on table bridge.token is 'Access of operators: the SHA-256 of a 256-bit token, never the token';

create table bridge.worker (
  worker         text primary key,
  version        text not null,
  started_at     timestamptz not null default now(),
  seen_at        timestamptz not null default now(),
  running        int not null default 0
);
comment on table bridge.worker is 'Workers and when they were last seen';

create table bridge.schema_migration (
  number         int primary key,
  name           text not null,
  sha256         text not null,
  applied_at     timestamptz not null default now()
);
comment on table bridge.schema_migration is 'Migrations applied, with the checksum of their text';

-- History cannot be rewritten.
create function bridge.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% of %.% is not allowed: append-only', tg_op, tg_table_schema, tg_table_name
    using errcode = 'restrict_violation';
end
$$;
create trigger ledger_append_only before update or delete or truncate on bridge.ledger
  for each statement execute function bridge.refuse_change();
create trigger operator_action_append_only before update or delete or truncate on bridge.operator_action
  for each statement execute function bridge.refuse_change();
create trigger delivery_kept before truncate on bridge.delivery
  for each statement execute function bridge.refuse_change();

-- An order begins waiting and then moves only along bridge.order_move; each move is kept.
create function bridge.orders_begin() returns trigger language plpgsql as $$
begin
  raise exception 'order % cannot begin as %', new.order_id, new.state using errcode = 'check_violation';
end
$$;
create trigger orders_begin before insert on bridge.orders for each row
  when (new.state not in ('queued', 'blocked', 'held'))
  execute function bridge.orders_begin();

create function bridge.orders_moved() returns trigger language plpgsql as $$
begin
  if not exists (select from bridge.order_move m where m.from_state = old.state and m.to_state = new.state) then
    raise exception 'order % cannot move from % to %', new.order_id, old.state, new.state
      using errcode = 'check_violation';
  end if;
  insert into bridge.order_history (order_id, from_state, to_state, reason_code, reason)
  values (new.order_id, old.state, new.state, new.reason_code, new.reason);
  return null;
end
$$;
create constraint trigger orders_moved after update on bridge.orders for each row
  when (old.state is distinct from new.state)
  execute function bridge.orders_moved();

-- What an order is about never changes.
create function bridge.orders_fixed() returns trigger language plpgsql as $$
begin
  raise exception 'order %: what was asked for is not changed', old.order_id using errcode = 'check_violation';
end
$$;
create trigger orders_fixed before update on bridge.orders for each row
  when ((old.order_id, old.license_id, old.source, old.operation_key, old.fingerprint, old.type, old.paid, old.account,
         old.upstream_type, old.ip, old.new_ip, old.billing_months)
        is distinct from
        (new.order_id, new.license_id, new.source, new.operation_key, new.fingerprint, new.type, new.paid, new.account,
         new.upstream_type, new.ip, new.new_ip, new.billing_months))
  execute function bridge.orders_fixed();
create trigger orders_kept before delete or truncate on bridge.orders
  for each statement execute function bridge.refuse_change();
