-- Lets a held order go on.
-- $1 actor  $2 order  $3 reason
select bridge.operator_release($1, $2::bigint, $3) as done
