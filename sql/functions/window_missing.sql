-- SPDX-License-Identifier: Apache-2.0
-- What a window whose balance has been read lacks beyond all that its calls and the account's unsettled orders can have
-- cost, where it is older than the workers' last awakening.  Null: nothing, or it is not.  Touches nothing.
create or replace function bridge.window_missing(a bridge.account, w bridge.spending_window, p_balance numeric)
returns numeric language sql stable as $$
  select m.missing
  from (select w.balance_open - w.confirmed - p_balance
               - coalesce((select sum(o.price) from bridge.orders o
                           where o.account = a.account and o.paid and (o.unsettled or o.state = 'in_doubt')), 0)) m(missing)
  where m.missing > 0
    and (w.opened_at < a.awake_since
         or not exists (select from bridge.worker k where k.seen_at > now() - interval '1 minute'))
$$;
