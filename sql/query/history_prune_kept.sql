-- Drops the months of history that are no longer kept, under the bridge's own name.
-- $1 whole months that are kept
select name, to_char(month, 'YYYY-MM') as month, bytes from bridge.history_prune_kept($1::int)
