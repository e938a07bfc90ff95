-- Tells front doors where a panel waits that orders have moved.
select pg_notify('bridge_done', '')
