-- Forgets who a service belonged to.
-- $1 actor  $2 source  $3 service  $4 reason
select outcome, orders from bridge.operator_forget($1, $2, $3, $4)
