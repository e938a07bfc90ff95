-- SPDX-License-Identifier: Apache-2.0
create or replace view ops.overview_warnings as
  select 1 as rank, 'critical' as severity, 'review' as kind, null::text as subject,
         format('%s orders lie in review, the oldest since %s UTC', s.orders, to_char(f.created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI')) as text
  from (select count(*) as orders, min(o.order_id) as first from bridge.orders o
        where o.state = 'needs_review' and o.state not in ('succeeded', 'failed', 'cancelled')) s
  join bridge.orders f on f.order_id = s.first
  union all
  select 2, 'warning', 'in_doubt', null, format('of %s calls it is not known yet whether they were carried out', count(*))
  from bridge.orders o where o.state = 'in_doubt' and o.state not in ('succeeded', 'failed', 'cancelled') having count(*) > 0
  union all
  select 3, 'critical', 'account_paused', a.account, format('account %s is paused: %s', a.account, a.pause_reason)
  from bridge.account a where a.paused
  union all
  select 4, 'critical', 'account_alarm', a.account, format('account %s: %s', a.account, a.alarm)
  from bridge.account a where a.alarm is not null
  union all
  select 5, 'critical', 'balance_unread', a.account,
         format('the balance of %s cannot be read since %s UTC', a.account, to_char(a.unread_since at time zone 'UTC', 'YYYY-MM-DD HH24:MI'))
  from bridge.account a where a.unread_since < now() - interval '15 minutes'
  union all
  select 6, w.severity, 'balance_low', b.account, w.text
  from ops.balance_runway b cross join lateral bridge.balance_warning(b.account, b.left_after, b.days_left) w
  union all
  select 7, 'warning', 'sandbox', a.account, format('account %s is a sandbox: nothing is concluded from its balance', a.account)
  from bridge.account a where a.sandbox
  union all
  select 8, 'critical', 'no_worker', null, 'no worker was seen within the last minute: nothing is carried out'
  where not exists (select from bridge.worker w where w.seen_at > now() - interval '1 minute')
  union all
  select 9, 'warning', 'failures', null, format('%s orders failed within 24 hours', count(*))
  from bridge.order_history h where h.to_state = 'failed' and h.at > now() - interval '24 hours' having count(*) > 0
  union all
  select 10, 'warning', 'oldest_waiting', w.order_id::text,
         format('order %s waits since %s UTC: %s', w.order_id, to_char(w.created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI'),
                coalesce(w.reason, w.reason_code, w.state))
  from (select * from ops.oldest_waiting o order by o.order_id limit 1) w
  where w.created_at < now() - interval '1 hour'
  union all
  select 11, 'warning', 'callbacks_dead', null, format('%s notices could not be delivered to the panels', count(*))
  from bridge.callback c where c.state = 'dead' having count(*) > 0
  union all
  select 12, 'warning', 'license_invalid', null, format('%s licenses are called invalid by their provider', count(*))
  from bridge.license l where l.invalid_at is not null having count(*) > 0;
comment on view ops.overview_warnings is 'What a person should look at now, the gravest first';
grant select on ops.overview_warnings to bridge_ops;
