-- Keeps what a provider said of itself.
-- $1 account  $2 JSON object
select bridge.info_store($1, $2)
