-- What an account's balance must be at least, by the books; null: not known.
-- $1 account
select trim_scale(bridge.balance_expected($1))::text as expected
