-- SPDX-License-Identifier: Apache-2.0
-- Keeps the whole catalogue of an account: what is given as product_store does, and whatever we have or configure
-- (p_configured) that the provider does not list is not sold to new customers.  Says how many products changed.
-- Touches: product, product_history.
create or replace function bridge.product_sync(p_account text, p_types text[], p_names text[], p_prices text[],
                                               p_visible boolean[], p_configured text[])
returns int language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  before bigint;
  after bigint;
begin
  perform from bridge.account where account = p_account for no key update;
  select count(*) into before from bridge.product_history where account = p_account;
  perform bridge.product_store(p_account, p_types, p_names, p_prices, p_visible);
  perform bridge.product_store(p_account, array_agg(u.t), array_agg(p.name), array_agg(p.price::text),
                               array_agg(false))
  from (select upstream_type from bridge.product where account = p_account union select unnest(p_configured)) u(t)
  left join bridge.product p on p.account = p_account and p.upstream_type = u.t
  where u.t <> all (p_types)
  having count(*) > 0;
  select count(*) into after from bridge.product_history where account = p_account;
  return after - before;
end
$$;
grant execute on function bridge.product_sync to bridge_worker, bridge_operator;
