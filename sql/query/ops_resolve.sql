-- A person settles what lies in review, after the quiet time of its account.  wait_ms: how long a late effect may still
-- come.
-- $1 actor  $2 order  $3 answer  $4 reason  $5 upstream license id
with tray as (
  select extract(epoch from settle_at - deadline) * 1000 as quiet_ms,
         greatest(0, ceil(extract(epoch from settle_at - now()) * 1000))::bigint as wait_ms
  from ops.review where order_id = $2::bigint
)
select bridge.operator_resolve($1, $2::bigint, $3, $4, $5, coalesce((select quiet_ms from tray), 600000)::bigint) as answer,
       (select wait_ms from tray) as wait_ms
