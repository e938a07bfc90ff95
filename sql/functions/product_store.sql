-- SPDX-License-Identifier: Apache-2.0
-- Keeps products as read, and what has changed of them in the history.  $2 types, $3 names, $4 prices, $5 visible.
-- Touches: product, product_history.
create or replace function bridge.product_store(p_account text, text[], text[], text[], boolean[]) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  with given as (
    select u.t, u.n, u.p::numeric as price, u.v from unnest($2, $3, $4, $5) as u(t, n, p, v)
  ), noted as (
    insert into bridge.product_history (account, upstream_type, price, visible)
    select p_account, g.t, g.price, g.v
    from given g left join bridge.product p on p.account = p_account and p.upstream_type = g.t
    where p.account is null or (p.price, p.visible) is distinct from (g.price, g.v)
  )
  insert into bridge.product as p (account, upstream_type, name, price, visible)
  select p_account, g.t, g.n, g.price, g.v from given g order by g.t
  on conflict (account, upstream_type) do update
  set name = excluded.name, price = excluded.price, visible = excluded.visible, updated_at = now()
$$;
grant execute on function bridge.product_store to bridge_worker, bridge_operator;
