-- SPDX-License-Identifier: Apache-2.0
create or replace view ops.upstream_errors_1h as
  select a.account, a.call, a.verdict::text as verdict, a.reason_code, a.http_status, a.curl_code, count(*) as calls,
         max(a.started_at) as last_at, (array_agg(a.order_id order by a.started_at desc))[1] as last_order
  from bridge.attempt a
  where a.finished_at > now() - interval '1 hour' and a.verdict in ('later', 'unsure', 'refused')
  group by a.account, a.call, a.verdict, a.reason_code, a.http_status, a.curl_code;
comment on view ops.upstream_errors_1h is 'Calls ended within the last hour that did not do what they were to do';
grant select on ops.upstream_errors_1h to bridge_ops;
