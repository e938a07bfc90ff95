-- SPDX-License-Identifier: Apache-2.0
create or replace view ops.callbacks_pending as
  select c.source, count(*) filter (where c.state = 'queued') as waiting,
         count(*) filter (where c.state = 'queued' and c.attempts > 0) as failing,
         count(*) filter (where c.state = 'dead') as dead,
         min(c.created_at) filter (where c.state = 'queued') as oldest,
         min(c.run_at) filter (where c.state = 'queued') as next_try_at
  from bridge.callback c
  where c.state <> 'sent'
  group by c.source;
comment on view ops.callbacks_pending is 'Per source: notices that wait, of them such as were tried in vain, and dead letters';
grant select on ops.callbacks_pending to bridge_ops;
