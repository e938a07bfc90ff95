-- Makes known what the configuration says of notices.
-- $1 sources  $2 whether each wants notices  $3 the accounts of each, with blanks between
-- $4 accounts  $5 the thresholds of each, with blanks between
select bridge.callbacks_configure($1, $2, $3, $4, $5)
