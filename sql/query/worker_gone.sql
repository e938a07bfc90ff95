-- A worker has stopped in good order.
-- $1 worker
select bridge.worker_gone($1)
