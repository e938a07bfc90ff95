-- What a swept license was said to be.
-- $1 license  $2 epoch of its line  $3 the answer's reason code  $4 its reason  $5 expiry in ms since 1970, null: not told
-- $6 activation, likewise  $7 how often is swept, in ms
select bridge.sweep_end($1, $2, $3, $4, $5::bigint, $6::bigint, $7::bigint) as counted
