-- SPDX-License-Identifier: Apache-2.0
create or replace view ops.callbacks as
  select c.callback_id, c.source, c.order_id, c.type, c.state, c.attempts,
         case when c.state = 'queued' then c.run_at end as next_try_at, c.last_status, c.last_error, c.created_at,
         c.finished_at, c.webhook_id, c.lane, c.lease_owner
  from bridge.callback c;
comment on view ops.callbacks is 'Notices to the panels: waiting, sent, or dead letters (bridgectl callbacks --resend)';
grant select on ops.callbacks to bridge_ops;
