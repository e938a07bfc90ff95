-- SPDX-License-Identifier: Apache-2.0
create or replace view ops.licenses_expiring as
  select l.license_id, l.source, l.service_id, l.account, l.product_code, l.upstream_type, host(l.ip) as ip, l.license_key,
         l.period_end, l.expires_at,
         exists (select from bridge.orders o where o.license_id = l.license_id and o.type = 'license.renew'
                 and o.state not in ('succeeded', 'failed', 'cancelled')) as renewal_waits,
         l.verified_at, l.invalid_at, coalesce((l.expires_at at time zone 'UTC')::date, l.period_end) as ends_on
  from bridge.license l
  where l.status = 'active'
    and coalesce((l.expires_at at time zone 'UTC')::date, l.period_end)
        between (now() at time zone 'UTC')::date and (now() at time zone 'UTC')::date + 7
    and (l.expires_at is null or l.expires_at between now() and now() + interval '7 days');
comment on view ops.licenses_expiring is 'Active licenses that end within a week, as the provider says (expires_at) or else as the panel did (period_end), and whether a renewal is on its way: read it in the order of ends_on';
grant select on ops.licenses_expiring to bridge_ops;
