-- Wakes sleeping workers.
select pg_notify('bridge_work', '')
