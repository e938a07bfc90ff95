-- Puts held orders back into the queue.
-- $1 account  $2 reason codes text[]  $3 balance (null: whatever they cost)
select bridge.holds_release($1, $2, $3::numeric) as released
