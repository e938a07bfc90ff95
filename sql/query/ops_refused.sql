-- Refused deliveries, newest first.
-- $1 source  $2 address  $3 status (null: any)  $4 only those before this time in µs since 1970  $5 most rows
select r.at, r.source, r.address, r.delivery_id, r.status, r.field, r.reason, r.digest, r.suppressed::int as suppressed,
       case when count(*) over () >= $5::int then min((extract(epoch from r.at) * 1000000)::bigint) over () end as next
from (
  select * from ops.refused_deliveries
  where ($1::text is null or source = $1) and ($2::text is null or address = $2) and ($3::text is null or status = $3::int)
    and ($4::text is null or at < to_timestamp($4::bigint / 1000000) + $4::bigint % 1000000 * interval '1 us')
  order by at desc
  fetch first ($5::int) rows with ties
) r
order by r.at desc
