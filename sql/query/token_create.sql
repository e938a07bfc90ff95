-- Keeps a new operator token's digest.
-- $1 actor  $2 name  $3 SHA-256  $4 scopes text[]  $5 expiry (null: never)
select bridge.token_create($1, $2, $3, $4, $5::timestamptz) as token_id
