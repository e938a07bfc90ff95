-- Drops the months of history that are no longer kept.
-- $1 actor  $2 whole months that are kept
select name, to_char(month, 'YYYY-MM') as month, bytes from bridge.history_prune($1, $2::int)
