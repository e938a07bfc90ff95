-- SPDX-License-Identifier: Apache-2.0
-- Whether the credits of an account run short, and how a person is told; no row: they do not.
create or replace function bridge.balance_warning(p_account text, p_left_after numeric, p_days_left numeric)
returns table (severity text, text text) language sql immutable rows 1
security definer set search_path = pg_catalog, pg_temp as $$
  select case when p_left_after < 0 or p_days_left < 3 then 'critical' else 'warning' end,
         format('the credits of %s last %s days; after what waits and the renewals of 30 days %s are left', p_account,
                coalesce(p_days_left::text, 'many'), p_left_after)
  where p_left_after < 0 or p_days_left < 7
$$;
grant execute on function bridge.balance_warning to bridge_ops;
