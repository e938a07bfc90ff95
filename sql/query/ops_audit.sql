-- What people did, newest first.
-- $1 actor  $2 action  $3 order  $4 account (null: any)  $5 only ids below this  $6 most rows
select a.action_id, a.at, a.actor, a.action, a.order_id, a.account, a.reason, a.detail,
       case when count(*) over () = $6::int then min(a.action_id) over () end as next
from (
  select * from ops.operator_actions
  where ($1::text is null or actor = $1) and ($2::text is null or action = $2)
    and ($3::text is null or order_id = $3::bigint) and ($4::text is null or account = $4)
    and ($5::text is null or action_id < $5::bigint)
  order by action_id desc limit $6::int
) a
order by a.action_id desc
