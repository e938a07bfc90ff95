-- SPDX-License-Identifier: Apache-2.0
-- Sums that are seconds behind instead of an hour, and what else the operators' views need among ten million orders.
-- Nothing here makes an order's acceptance write more than an entry in a summary of its page.

-- A call counts when it ends.  What was counted is not changed afterwards: an answer that comes after the call was
-- given up is kept and shown, but the call has been lost all the same.
alter table bridge.attempt add column late_at timestamptz;
comment on column bridge.attempt.late_at is 'When an answer came after all, although the call had been given up: verdict and answer are its, finished_at is not';
create index attempt_finished on bridge.attempt (finished_at) where finished_at is not null;
drop index bridge.attempt_time;
create index delivery_time on bridge.delivery using brin (received_at) with (pages_per_range = 32, autosummarize = on);

-- How far the sums go.
create table bridge.summed (
  one            boolean primary key default true check (one),
  until          timestamptz,
  last_order     bigint not null default 0,
  mark           timestamptz,
  mark_order     bigint,
  running        text[]
);
comment on table bridge.summed is 'Its one row: how far the sums of hours go, and how far they go next';
comment on column bridge.summed.until is 'All that happened before it is summed, nothing that happened since; null: nothing yet';
comment on column bridge.summed.last_order is 'The orders up to it were all accepted before until';
comment on column bridge.summed.mark is 'Where the next sum ends, as soon as all transactions that began before it have ended';
comment on column bridge.summed.mark_order is 'The last order id that had been given away by then';
comment on column bridge.summed.running is 'Transactions that may have begun before mark and had not ended when last looked at';
insert into bridge.summed default values;

-- What was summed before counted calls when they began: it is summed anew.
delete from bridge.hour_account;
delete from bridge.hour;
alter table bridge.hour alter column last_order drop not null;
alter table bridge.hour add column deliveries bigint not null default 0;
comment on table bridge.hour is 'Orders accepted and finished in an hour, as far as they are summed';
comment on table bridge.hour_account is 'Calls ended and credits moved on an account in an hour, as far as they are summed';
comment on column bridge.hour.last_order is 'Not used any more';

create index hour_account_hour on bridge.hour_account (hour);

create table bridge.account_total (
  account        text primary key references bridge.account,
  calls          bigint not null default 0,
  errors         bigint not null default 0,
  spent          numeric(20,6) not null default 0,
  elapsed_ms     bigint not null default 0,
  durations      bigint[] not null
);
comment on table bridge.account_total is 'The calls and the spending of an account since the beginning, as far as they are summed';
comment on column bridge.account_total.durations is 'How many calls took at most as long as each of bridge.duration_bounds(); the last of all that were timed';

-- Licenses that will have to be renewed, by the day.
alter table bridge.license add column billing_months int;
comment on column bridge.license.billing_months is 'Of its last purchase; null: not bought by the bridge';
update bridge.license l set billing_months = (
  select o.billing_months from bridge.orders o
  where o.license_id = l.license_id and o.type in ('license.create', 'license.renew') and o.state = 'succeeded'
    and o.billing_months is not null
  order by o.position desc limit 1)
where l.provider = '724license';
create table bridge.due (
  period_end     date not null,
  account        text not null,
  upstream_type  text not null,
  billing_months int not null,
  licenses       bigint not null,
  primary key (period_end, account, upstream_type, billing_months)
);
comment on table bridge.due is 'Active licenses by the end of their period, as far as due_change is folded into it';
create table bridge.due_change (
  period_end     date not null,
  account        text not null,
  upstream_type  text not null,
  billing_months int not null,
  licenses       int not null
);
comment on table bridge.due_change is 'Licenses that came to or left a row of due since: written by whoever changes a license, with no row to wait for';
insert into bridge.due (period_end, account, upstream_type, billing_months, licenses)
select l.period_end, l.account, l.upstream_type, coalesce(l.billing_months, 1), count(*) from bridge.license l
where l.provider = '724license' and l.status = 'active' and l.period_end is not null group by 1, 2, 3, 4;

-- The day on which a license ends, as the provider says or else as the panel did.
create index license_ends on bridge.license ((coalesce((expires_at at time zone 'UTC')::date, period_end))) where status = 'active';
drop index bridge.license_expiry;
create index license_invalid on bridge.license (invalid_at) where invalid_at is not null;
