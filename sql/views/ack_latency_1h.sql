-- SPDX-License-Identifier: Apache-2.0
create or replace view ops.ack_latency_1h as
  select o.source, count(*) as orders,
         percentile_disc(0.5) within group (order by s.seconds) as p50_s,
         percentile_disc(0.95) within group (order by s.seconds) as p95_s,
         percentile_disc(0.99) within group (order by s.seconds) as p99_s, max(s.seconds) as max_s
  from bridge.orders o
  cross join lateral (select round(extract(epoch from o.created_at - o.event_at), 3) as seconds) s
  where o.order_id > (select max(m.order_id) from bridge.orders m) - 10000
    and o.created_at > now() - interval '1 hour' and o.event_at is not null
  group by o.source;
comment on view ops.ack_latency_1h is 'From the time that an event bears to its being stored, source by source, for the last hour (at most 10,000 orders); a senders queue and clock are in it';
grant select on ops.ack_latency_1h to bridge_ops;
