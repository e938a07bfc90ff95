-- The books, newest first.
-- $1 account  $2 kind  $3 order (null: any)  $4 only entries below this  $5 most rows
select l.entry_id, l.at, l.account, l.kind, l.order_id, l.amount, l.balance, l.note,
       case when count(*) over () = $5::int then min(l.entry_id) over () end as next
from (
  select * from ops.ledger
  where ($1::text is null or account = $1) and ($2::text is null or kind = $2)
    and ($3::text is null or order_id = $3::bigint) and ($4::text is null or entry_id < $4::bigint)
  order by entry_id desc limit $5::int
) l
order by l.entry_id desc
