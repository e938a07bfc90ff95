-- SPDX-License-Identifier: Apache-2.0
-- Credits that moved from one time up to another, hour by hour and account by account.  Touches: account, ledger (read).
create or replace function bridge.span_credits(p_from timestamptz, p_until timestamptz)
returns table (hour timestamptz, account text, purchases bigint, spent numeric, topups numeric, adjustments numeric)
language plpgsql stable rows 50 security definer set search_path = pg_catalog, pg_temp
set max_parallel_workers_per_gather = 0 set jit = off as $$
begin
  return query
  select date_trunc('hour', e.at, 'UTC'), a.account, count(*) filter (where e.kind = 'purchase'),
         coalesce(sum(e.amount) filter (where e.kind = 'purchase'), 0),
         coalesce(sum(e.amount) filter (where e.kind = 'topup'), 0),
         coalesce(sum(e.amount) filter (where e.kind = 'adjustment'), 0)
  from bridge.account a
  join bridge.ledger e on e.account = a.account and e.at >= p_from and e.at < p_until
  where e.kind <> 'observed'
  group by 1, 2;
end
$$;
grant execute on function bridge.span_credits to bridge_ops;
