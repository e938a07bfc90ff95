-- Ends a token.
-- $1 actor  $2 token id
select bridge.token_revoke($1, $2::bigint) as done
