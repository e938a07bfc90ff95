-- The scopes of a live token ("read operate …"), no row when it is unknown, expired or revoked.
-- $1 SHA-256 of the token, bytea
select token_id, name, scopes from bridge.token_check($1)
