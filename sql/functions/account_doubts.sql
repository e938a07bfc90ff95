-- SPDX-License-Identifier: Apache-2.0
-- The doubts of an account's draining window, under the version at which they are seen.  probe: the harmless existence
-- probe may be asked for (upstream_type, ip), because that pair was never owned, adopted or terminated by us.
-- may_be_free: carried out, it may have cost nothing.  Touches nothing.
create or replace function bridge.account_doubts(p_account text)
returns table (version bigint, order_id bigint, attempt int, price text, price_other text, may_be_free boolean,
               probe boolean, upstream_type text, ip text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select a.version, o.order_id, o.attempts, o.price::text, o.price_other::text, o.may_be_free, bridge.order_probeable(o),
         coalesce(o.new_upstream_type, o.upstream_type), host(o.ip)
  from bridge.account a
  join bridge.orders o on o.account = a.account and o.paid and o.state = 'in_doubt'
  where a.account = p_account
  order by o.order_id
$$;
grant execute on function bridge.account_doubts to bridge_worker;
