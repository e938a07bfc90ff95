-- SPDX-License-Identifier: Apache-2.0
-- What a settled window teaches: the balance seen, a learned price, a top-up, an alarm.
-- Touches: account, ledger, product_price, orders.
create or replace function bridge.window_book(a bridge.account, w bridge.spending_window, p_balance numeric, p_learned numeric,
                                   p_rise numeric, p_alarm text)
returns void language plpgsql as $$
declare
  o bridge.orders;
begin
  if p_balance is not null then
    insert into bridge.ledger (account, kind, balance, note)
    values (a.account, 'observed', p_balance, format('window %s settled', w.window_id));
    update bridge.account set balance = p_balance, balance_at = now(), unread_since = null where account = a.account;
  end if;
  if p_learned is not null then
    select * into o from bridge.orders where window_id = w.window_id and state = 'succeeded' order by order_id limit 1;
    if found then
      insert into bridge.product_price as p (account, action, upstream_type, new_type, billing_months, month_price, price)
      -- A create that may have found an old license teaches nothing.
      select o.account, bridge.order_action(o), o.upstream_type, coalesce(o.new_upstream_type, ''),
             coalesce(o.billing_months, 0), c.price, p_learned
      from bridge.product c
      where c.account = o.account and c.upstream_type = coalesce(o.new_upstream_type, o.upstream_type)
        and not (o.type = 'license.create' and o.may_be_free)
      on conflict (account, action, upstream_type, new_type, billing_months) do update
      set month_price = excluded.month_price, price = excluded.price, learned_at = now();
      if o.credits is distinct from p_learned then
        insert into bridge.ledger (account, kind, amount, note)
        values (o.account, 'adjustment', p_learned - o.credits,
                format('order %s was booked at %s and cost %s', o.order_id, trim_scale(o.credits), trim_scale(p_learned)));
        update bridge.orders set credits = p_learned, price = p_learned, price_other = p_learned
        where order_id = o.order_id;
      end if;
    end if;
  end if;
  if p_rise > 0 then
    insert into bridge.ledger (account, kind, amount, note)
    values (a.account, 'topup', p_rise, format('seen when window %s was settled', w.window_id));
  end if;
  if p_alarm is not null then
    insert into bridge.operator_action (actor, action, account, reason)
    values ('license-bridge', 'account.alarm', a.account, p_alarm);
  end if;
end
$$;
