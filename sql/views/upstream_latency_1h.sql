-- SPDX-License-Identifier: Apache-2.0
create or replace view ops.upstream_latency_1h as
  select a.account, a.call, count(*) as calls,
         percentile_disc(0.5) within group (order by a.elapsed_ms) as p50_ms,
         percentile_disc(0.95) within group (order by a.elapsed_ms) as p95_ms,
         percentile_disc(0.99) within group (order by a.elapsed_ms) as p99_ms, max(a.elapsed_ms) as max_ms
  from bridge.attempt a
  where a.finished_at > now() - interval '1 hour' and a.elapsed_ms is not null
  group by grouping sets ((a.account, a.call), (a.account));
comment on view ops.upstream_latency_1h is 'How long the calls took that ended within the last hour, for each account (call null) and call';
grant select on ops.upstream_latency_1h to bridge_ops;
