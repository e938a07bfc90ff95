-- SPDX-License-Identifier: Apache-2.0
create or replace view ops.failure_reasons_24h as
  select h.reason_code, count(*) as orders, max(h.at) as last_at,
         (array_agg(h.order_id order by h.at desc))[1] as last_order, (array_agg(h.reason order by h.at desc))[1] as reason
  from bridge.order_history h
  where h.to_state = 'failed' and h.at > now() - interval '24 hours'
  group by h.reason_code;
comment on view ops.failure_reasons_24h is 'Why orders failed within 24 hours, with the latest of each kind';
grant select on ops.failure_reasons_24h to bridge_ops;
