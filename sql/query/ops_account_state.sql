-- What an account is now.
-- $1 account
select account, paused, pause_reason, alarm from ops.accounts where account = $1
