-- SPDX-License-Identifier: Apache-2.0
create or replace view ops.ack_latency_1h as
  select a.source, a.orders, a.p50_s, a.p95_s, a.p99_s, a.max_s
  from bridge.ack_latencies(now() - interval '1 hour') a;
comment on view ops.ack_latency_1h is 'From the time that an event bears to its being stored, source by source, for the last hour (at most 10,000 orders); a senders queue and clock are in it';
grant select on ops.ack_latency_1h to bridge_ops;
