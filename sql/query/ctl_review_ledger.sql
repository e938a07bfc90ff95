-- The account's ledger around the window of an order: from the last entry before it to the third after it.
-- $1 order
with tray as (
  select account, window_opened_at, coalesce(window_closed_at, now()) as until from ops.review where order_id = $1::bigint
), around as (
  (select l.* from tray t join ops.ledger l on l.account = t.account and l.at < t.window_opened_at
   order by l.entry_id desc limit 1)
  union all
  (select l.* from tray t join ops.ledger l on l.account = t.account and l.at between t.window_opened_at and t.until
   order by l.entry_id limit 200)
  union all
  (select l.* from tray t join ops.ledger l on l.account = t.account and l.at > t.until order by l.entry_id limit 3)
)
select to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at, kind, order_id, amount, balance, note
from around
order by entry_id
