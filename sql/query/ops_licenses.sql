-- Licenses that fit, newest first.
-- $1 source  $2 service  $3 address, of now or before  $4 account  $5 product  $6 status  $7 license key or upstream id
-- $8 anything a customer may say (each null: any)  $9 only ids below this  $10 most rows
select f.next, l.license_id, l.source, l.service_id, l.provider, l.account, l.product_code, l.upstream_type, l.status, l.ip,
       l.license_key, l.upstream_license_id, l.period_end, l.expires_at, l.bought_at, l.adopted_at, l.terminated_at, l.invalid_at,
       l.pending, l.head_order, l.run_at, l.created_at, l.updated_at
from bridge.licenses_find($1, $2, $3::inet, $4, $5, $6, $7, $8, $9::bigint, $10::int) f
left join ops.licenses l on l.license_id = f.license_id
order by f.license_id desc
