-- SPDX-License-Identifier: Apache-2.0
-- Credits are gone that no purchase of ours explains, while nothing was being bought or no worker ran.  Somebody else
-- spends, or this database is an old backup that knows nothing of what was bought after it, and whatever the panels send
-- again would be bought again: the account is paused until a person has booked it.  Touches: account, operator_action.
create or replace function bridge.account_robbed(p_account text, p_missing numeric) returns void language plpgsql as $$
declare
  sentence text := format(
    '%s credits are gone that went while nothing was being bought: somebody else spends, or this database is an old '
    'backup. Find out, book them with "bridgectl balance adjust %s -%s", resume',
    trim_scale(p_missing), p_account, trim_scale(p_missing));
begin
  perform bridge.account_pause(p_account, sentence);
  perform bridge.operator_note('license-bridge', 'account.pause', null, p_account, sentence);
end
$$;
