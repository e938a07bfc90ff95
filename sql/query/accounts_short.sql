-- Accounts with orders that wait for credits.
select account from bridge.accounts_short()
