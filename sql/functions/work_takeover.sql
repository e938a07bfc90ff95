-- SPDX-License-Identifier: Apache-2.0
-- Takes over what dead workers held: up to p_limit lines whose lease has run out, the longest overdue; says whose
-- they were and what has become of the orders.
-- A paid call that passed the fence may have bought: doubt.  One that did not was not sent: back into the queue.
-- A repeatable call is simply made again.  p_accounts, p_quiet_ms: how long a late effect of a call may still come.
-- Touches: line, orders, attempt, account.
create or replace function bridge.work_takeover(p_limit int, p_accounts text[], p_quiet_ms bigint[])
returns table (order_id bigint, from_worker text, state text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  l bridge.line;
  o bridge.orders;
  target bridge.order_state;
  sentence text;
  look constant text := 'bridge.look_leases';
  since constant timestamptz := bridge.look_from(look);
  taken int := 0;
begin
  for l in
    select * from (
      select * from bridge.line ln
      where ln.lease_owner is not null and ln.run_at >= since and ln.run_at <= now() and ln.lease_until <= now()
      order by ln.run_at limit p_limit for update skip locked) overdue
    order by overdue.account, overdue.run_at -- accounts are locked by name
  loop
    taken := taken + 1;
    select * into o from bridge.orders ord where ord.order_id = l.head_order for update;
    update bridge.line
    set lease_owner = null, lease_until = null, lease_epoch = lease_epoch + 1, run_at = null,
        settle_until = case when o.state = 'calling' and bridge.order_changes(o)
                             and not (o.paid and o.sent_attempt < o.attempts)
          then now() + coalesce((select u.quiet from unnest(p_accounts, p_quiet_ms) as u(account, quiet)
                                 where u.account = o.account), 0) * interval '1 ms'
          else greatest(settle_until, probe_until) end,
        probe_until = null
    where license_id = l.license_id;
    if o.state = 'calling' then
      target := case when o.paid and o.sent_attempt = o.attempts then 'in_doubt' else 'queued' end;
      sentence := case when target = 'in_doubt'
                         then 'the worker was lost after the paid call had been sent: it may have bought'
                       when o.paid then 'the worker was lost before the paid call was sent: nothing was bought'
                       else 'the worker was lost during a call that may be repeated' end;
      update bridge.attempt a
      set finished_at = now(), sent = case when o.paid then o.sent_attempt = o.attempts end,
          verdict = case when o.paid and target = 'queued' then 'later' else 'unsure' end::bridge.verdict,
          reason_code = 'worker_lost', reason = sentence
      where a.order_id = o.order_id and a.attempt = o.attempts and a.finished_at is null;
      update bridge.orders ord
      set state = target, reason_code = 'worker_lost', reason = sentence, updated_at = now(), next_try_at =
            case when target = 'queued' then now() end,
          doubted = doubted or target = 'in_doubt' or (not o.paid and bridge.order_changes(o))
      where ord.order_id = o.order_id;
      perform bridge.account_touched(o, target);
    end if;
    if target = 'queued' or o.state = 'queued' then
      update bridge.line set run_at = now() where license_id = l.license_id;
    end if;
    order_id := o.order_id;
    from_worker := l.lease_owner;
    state := coalesce(target, o.state)::text;
    return next;
    target := null;
  end loop;
  perform bridge.look_ended(look, since, case when taken < p_limit then now() end);
end
$$;
grant execute on function bridge.work_takeover to bridge_worker;
