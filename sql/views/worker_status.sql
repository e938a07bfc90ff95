-- SPDX-License-Identifier: Apache-2.0
create or replace view ops.worker_status as
  select w.worker, w.version, w.started_at, w.seen_at, w.running, now() - w.seen_at as silent,
         w.seen_at > now() - interval '1 minute' as alive
  from bridge.worker w;
comment on view ops.worker_status is 'Workers, and whether they were seen within the last minute';
grant select on ops.worker_status to bridge_ops;
