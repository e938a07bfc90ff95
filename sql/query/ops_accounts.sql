-- Accounts with what is known of their money and their providers' health.
select * from ops.upstreams order by account
