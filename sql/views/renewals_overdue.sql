-- SPDX-License-Identifier: Apache-2.0
create or replace view ops.renewals_overdue as
  select l.license_id, l.source, l.service_id, l.account, l.product_code, l.upstream_type, host(l.ip) as ip, l.period_end,
         (now() at time zone 'UTC')::date - coalesce((l.expires_at at time zone 'UTC')::date, l.period_end) as days,
         exists (select from bridge.orders o where o.license_id = l.license_id and o.type = 'license.renew'
                 and o.state not in ('succeeded', 'failed', 'cancelled')) as renewal_waits,
         l.expires_at, l.verified_at, coalesce((l.expires_at at time zone 'UTC')::date, l.period_end) as ends_on
  from bridge.license l
  where l.status = 'active'
    and coalesce((l.expires_at at time zone 'UTC')::date, l.period_end) <= (now() at time zone 'UTC')::date
    and (l.expires_at < now()
         or (l.expires_at is null and l.provider = '724license' and l.period_end < (now() at time zone 'UTC')::date));
comment on view ops.renewals_overdue is 'Active licenses whose end is over, as the provider says (expires_at) or else as the panel did (period_end), and that were not renewed: read it in the order of ends_on';
grant select on ops.renewals_overdue to bridge_ops;
