-- Months of history that are older than what is kept.
-- $1 whole months that are kept
select name, to_char(month, 'YYYY-MM') as month, bytes, kept from bridge.history_months($1::int)
