-- SPDX-License-Identifier: Apache-2.0
-- Tells when an account's balance falls below one of its thresholds, once for each until it is reached again: to the
-- operators, and to the sources that order there.  Touches: operator_action, callback.
create or replace function bridge.balance_watch() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  threshold numeric;
begin
  for threshold in
    select u from unnest(new.low_balance) u where new.balance < u and u <> all (new.low_told) order by u desc
  loop
    insert into bridge.operator_action (actor, action, account, reason)
    values ('license-bridge', 'account.balance_low', new.account,
            format('the balance is %s, below %s', trim_scale(new.balance), trim_scale(threshold)));
    perform bridge.callback_add(s.source, 'account:' || new.account, null, 'balance.low',
              json_build_object('account', new.account, 'provider', new.provider,
                                'balance', trim_scale(new.balance)::text, 'threshold', trim_scale(threshold)::text))
    from bridge.source s where s.callbacks and new.account = any (s.accounts) order by s.source;
  end loop;
  new.low_told := array(select u from unnest(new.low_balance) u where new.balance < u order by u desc);
  return new;
end
$$;
create or replace trigger balance_watch before update of balance, low_balance on bridge.account for each row
  when (new.balance is not null and (old.balance, old.low_balance) is distinct from (new.balance, new.low_balance))
  execute function bridge.balance_watch();
