-- A person settles what lies in review.
-- $1 actor  $2 order  $3 answer  $4 reason  $5 upstream license id  $6 quiet time in ms
select bridge.operator_resolve($1, $2::bigint, $3, $4, $5, $6::bigint) as answer
