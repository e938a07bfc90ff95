-- What calls ended in, one element per attempt.
-- $1 order  $2 attempt  $3 epoch  $4 new state  $5 reason code  $6 reason  $7 wait ms  $8 settle ms  $9 doubted
-- $10 key free  $11 sent  $12 verdict  $13 HTTP status  $14 curl code  $15 elapsed ms  $16 request  $17 answer
-- $18 upstream license id  $19 pause the account  $20 expiry in ms since 1970 (null: not told)
select order_id, applied, state
from bridge.work_outcomes($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
