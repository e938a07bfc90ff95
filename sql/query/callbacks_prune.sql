-- Forgets notices that were sent long ago.
select bridge.callbacks_prune(30) as gone
