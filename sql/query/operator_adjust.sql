-- Books a movement of the balance that was no purchase of ours.
-- $1 actor  $2 account  $3 credits that came, negative: that went  $4 reason
select bridge.operator_adjust($1, $2, $3::numeric, $4) as done
