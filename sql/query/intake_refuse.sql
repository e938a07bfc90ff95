-- Keeps a refused delivery for the operators.
-- $1 source  $2 address  $3 delivery_id  $4 status  $5 field  $6 reason  $7 digest  $8 suppressed
select bridge.intake_refuse($1, $2, $3, $4::int, $5, $6, $7, $8::bigint)
