-- Orders that fit, newest first.
-- $1 state  $2 source  $3 service  $4 address, old or new  $5 account (each null: any)  $6 most rows
select order_id, source, service_id, type, state, account, product_code, ip, attempts, credits, reason,
       to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as created_at
from ops.orders
where ($1::text is null or state = $1) and ($2::text is null or source = $2)
  and ($3::text is null or service_id = $3) and ($4::text is null or ip = $4 or new_ip = $4)
  and ($5::text is null or account = $5)
order by order_id desc
limit $6::int
