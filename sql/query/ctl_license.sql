-- A license and its line.
-- $1 license
select license_id, source, service_id, provider, account, product_code, upstream_type, status, ip, upstream_license_id,
       period_end, pending, head_order, lease_owner,
       to_char(bought_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as bought_at,
       to_char(terminated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as terminated_at
from ops.licenses
where license_id = $1::bigint
