-- How long the credits last.
-- $1 account; null: all
select account, balance, waiting_orders, waiting_credits, renewals_30d, renewals_credits, unpriced, left_after, spent_30d,
       spent_a_day, days_left, to_char(balance_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as balance_at
from ops.balance_runway
where $1::text is null or account = $1
order by account
