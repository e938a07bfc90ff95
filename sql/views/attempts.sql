-- SPDX-License-Identifier: Apache-2.0
create or replace view ops.attempts as
  select a.order_id, a.attempt, a.account, a.call, a.worker, a.started_at, a.finished_at, a.sent,
         a.verdict::text as verdict, a.reason_code, a.reason, a.http_status, a.curl_code, a.elapsed_ms, a.request,
         bridge.answer_text(a.answer) as answer, trim_scale(a.price) as price,
         trim_scale(a.balance_before) as balance_before, a.late_at
  from bridge.attempt a;
comment on view ops.attempts is 'Every upstream call made for an order';
grant select on ops.attempts to bridge_ops;
