-- An account's spending window as it is.
-- $1 account  $2 quiet time in ms
select version, state, window_id, tainted, solo, balance_open, confirmed, begun, calling, doubts, ready, paused, alarm,
       width, age_ms, settle_ms, solo_other, solo_free
from bridge.window_look($1, $2::bigint)
