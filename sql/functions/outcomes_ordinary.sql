-- SPDX-License-Identifier: Apache-2.0
-- Ends at once, with one statement for each table, what is ordinary among the outcomes: a suspend or unsuspend that
-- was done while its attempt holds the lease, and that leaves nothing to wait for.  Does what work_outcome does for
-- each of them, and says which they were.  The lines are locked.
-- Touches: attempt, orders, license, and what lines_ended and line_advance touch.
create or replace function bridge.outcomes_ordinary(
  p_orders bigint[], p_attempts bigint[], p_epochs bigint[], p_targets text[], p_codes text[], p_reasons text[],
  p_settle_ms bigint[], p_sent boolean[], p_verdicts text[], p_statuses bigint[], p_curls bigint[],
  p_elapsed_ms bigint[], p_requests text[], p_answers bytea[], p_upstream_ids text[], p_pauses boolean[],
  p_expires_ms bigint[])
returns bigint[] language plpgsql as $$
declare
  ordinary bigint[];
begin
  perform from bridge.orders o where o.order_id = any (p_orders) order by o.order_id for update;
  select array_agg(o.order_id) into ordinary
  from unnest(p_orders, p_attempts, p_epochs, p_targets, p_settle_ms, p_upstream_ids, p_pauses, p_expires_ms)
         as u(id, attempt, epoch, target, settle_ms, upstream_id, pause, expires_ms)
  join bridge.orders o on o.order_id = u.id
  join bridge.line l on l.license_id = o.license_id
  where u.target = 'succeeded' and o.type in ('license.suspend', 'license.unsuspend') and not o.paid
    and (o.state = 'calling') is true -- by their numbers, not by way of all that is
    and o.attempts = u.attempt and l.head_order = o.order_id and l.lease_epoch = u.epoch
    and u.settle_ms = 0 and u.upstream_id is null and not u.pause and u.expires_ms is null;
  if ordinary is null then
    return '{}';
  end if;
  update bridge.attempt a
  set finished_at = now(), sent = u.sent, verdict = u.verdict::bridge.verdict, reason_code = u.code, reason = u.reason,
      http_status = u.status, curl_code = u.curl, elapsed_ms = u.elapsed_ms, request = u.request, answer = u.answer
  from unnest(p_orders, p_attempts, p_codes, p_reasons, p_sent, p_verdicts, p_statuses, p_curls, p_elapsed_ms,
              p_requests, p_answers)
         as u(id, attempt, code, reason, sent, verdict, status, curl, elapsed_ms, request, answer)
  where a.order_id = u.id and a.attempt = u.attempt and u.id = any (ordinary);
  update bridge.license l
  set status = case o.type when 'license.suspend' then 'suspended' else 'active' end::bridge.license_status,
      updated_at = now()
  from bridge.orders o
  where o.order_id = any (ordinary) and l.license_id = o.license_id
    and l.status = case o.type when 'license.suspend' then 'active' else 'suspended' end::bridge.license_status;
  update bridge.orders o
  set state = 'succeeded', reason_code = u.code, reason = u.reason, next_try_at = null, finished_at = now(),
      unsettled = false, credits = o.price, key_free = false, updated_at = now()
  from unnest(p_orders, p_attempts, p_codes, p_reasons) as u(id, attempt, code, reason)
  where o.order_id = u.id and o.attempts = u.attempt and u.id = any (ordinary);
  perform bridge.line_advance(l) from unnest(bridge.lines_ended(ordinary)) l;
  return ordinary;
end
$$;
