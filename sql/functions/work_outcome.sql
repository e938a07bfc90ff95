-- SPDX-License-Identifier: Apache-2.0
-- What an attempt ended in.  Counts while the attempt holds its lease; a late answer that proves the purchase counts
-- too while the same attempt lies in doubt or in review.  Says whether it was applied.
-- Touches: line, attempt, orders, account and what order_end touches.
create or replace function bridge.work_outcome(
  p_order bigint, p_attempt int, p_epoch bigint, p_to bridge.order_state, p_code text, p_reason text, p_wait_ms bigint,
  p_settle_ms bigint, p_doubted boolean, p_key_free boolean, p_sent boolean, p_verdict bridge.verdict, p_status int,
  p_curl int, p_elapsed_ms int, p_request text, p_answer bytea, p_upstream_id text, p_pause boolean,
  p_expires_ms bigint)
returns boolean language plpgsql as $$
declare
  o bridge.orders;
  l bridge.line;
  late boolean;
begin
  select ln.* into l from bridge.line ln
  where ln.license_id = (select license_id from bridge.orders where order_id = p_order) for update;
  select * into o from bridge.orders where order_id = p_order for update;
  if o.order_id is null then
    return false;
  end if;
  if o.attempts = p_attempt and p_to = 'succeeded' and o.type = 'license.create'
     and bridge.answer_foreign(o, p_upstream_id) then
    -- Carried out or not: the balance tells.
    p_to := 'in_doubt';
    p_verdict := 'unsure';
    p_doubted := true;
    p_code := 'foreign_answer';
    update bridge.orders set upstream_license_id = p_upstream_id -- whether it counts or not
    where order_id = p_order and state in ('calling', 'in_doubt', 'needs_review');
    p_reason := format('the answer names license %s, which is another order''s: it may not be ours', p_upstream_id);
  end if;
  -- Once.  What a worker tells again changes nothing; what comes after the attempt was given up is kept, but it was lost,
  -- also when the next attempt has begun: it may be the only proof of a second purchase.
  update bridge.attempt
  set finished_at = coalesce(finished_at, now()), late_at = case when finished_at is not null then now() end,
      sent = p_sent, verdict = p_verdict, reason_code = p_code, reason = p_reason, http_status = p_status,
      curl_code = p_curl, elapsed_ms = p_elapsed_ms, request = p_request, answer = p_answer
  where order_id = p_order and attempt = p_attempt and (finished_at is null or reason_code = 'worker_lost');
  late := o.state in ('in_doubt', 'needs_review') and o.doubted and p_verdict = 'done' and p_to = 'succeeded';
  if o.attempts <> p_attempt
     or not late and not (o.state = 'calling' and l.head_order = p_order and l.lease_epoch = p_epoch) then
    return false;
  end if;
  if p_pause then
    perform bridge.account_pause(o.account, p_reason);
  end if;
  if p_expires_ms is not null then
    update bridge.license set expires_at = to_timestamp(p_expires_ms / 1000.0), updated_at = now()
    where license_id = o.license_id;
  end if;
  perform bridge.account_touched(o, p_to);
  update bridge.line
  set lease_owner = null, lease_until = null, run_at = null,
      settle_until = case when p_settle_ms > 0 then now() + p_settle_ms * interval '1 ms' else settle_until end
  where license_id = o.license_id;
  if p_to in ('succeeded', 'failed') then
    perform bridge.order_end(p_order, p_to, p_code, p_reason, case when p_to = 'succeeded' then o.price end,
                             p_upstream_id, p_key_free);
    if o.unsettled then
      perform bridge.taint_lifted(o.account);
    end if;
    return true;
  end if;
  update bridge.orders
  set state = p_to, reason_code = p_code, reason = p_reason, doubted = doubted or p_doubted,
      next_try_at = case when p_to = 'queued' or (p_to = 'held' and p_wait_ms > 0)
                         then now() + p_wait_ms * interval '1 ms' end,
      updated_at = now()
  where order_id = p_order returning * into o;
  if p_to = 'queued' then
    update bridge.line set run_at = o.next_try_at where license_id = o.license_id;
  end if;
  return true;
end
$$;
