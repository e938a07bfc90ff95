-- The doubts of an account and the version at which they are seen.
-- $1 account
select version, order_id, attempt, price, price_other, may_be_free, probe, upstream_type, ip from bridge.account_doubts($1)
