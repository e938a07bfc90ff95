-- When the license of an order was activated, as the provider says.
-- $1 order  $2 ms since 1970
select bridge.license_activated($1, $2::bigint)
