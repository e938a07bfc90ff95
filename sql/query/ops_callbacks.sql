-- Notices to the panels, newest first.
-- $1 source  $2 state  $3 order (null: any)  $4 only ids below this  $5 most rows
select c.callback_id, c.source, c.order_id, c.type, c.state, c.attempts, c.next_try_at, c.last_status, c.last_error,
       c.created_at, c.finished_at, case when count(*) over () = $5::int then min(c.callback_id) over () end as next
from (
  select * from ops.callbacks
  where ($1::text is null or source = $1) and ($2::text is null or state = $2)
    and ($3::text is null or order_id = $3::bigint) and ($4::text is null or callback_id < $4::bigint)
  order by callback_id desc limit $5::int
) c
order by c.callback_id desc
