-- Notices, newest first.
-- $1 state  $2 source  $3 callback (each null: any)  $4 most rows
select callback_id, source, type, order_id, state, attempts, last_status, last_error, webhook_id,
       to_char(next_try_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as next_try_at,
       to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as created_at
from ops.callbacks
where ($1::text is null or state = $1) and ($2::text is null or source = $2)
  and ($3::bigint is null or callback_id = $3::bigint)
order by callback_id desc
limit $4::int
