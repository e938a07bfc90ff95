-- SPDX-License-Identifier: Apache-2.0
-- Licenses of an account that were not verified for p_every_ms and for which no order waits, at most p_limit, with what
-- their last order for the key said of the installation.  The calls are taken from what the orders leave of the budget
-- (p_requests null: there is none), keeping a tenth of it for them.
-- Lock order: licenses that are free, then the budget.  Touches: license, budget, and reads line and orders.
create or replace function bridge.sweep_take(
  p_account text, p_limit int, p_every_ms bigint, p_endpoint text, p_egress text, p_requests int, p_per_ms bigint,
  p_types text[])
returns table (license_id bigint, epoch bigint, license_key text, customer_email text, hwid text, domain text, ip text,
               verification_type text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  every constant interval := p_every_ms * interval '1 ms';
  due bigint[];
  most int := p_limit;
begin
  if exists (select from bridge.account a where a.account = p_account and a.paused) then
    return;
  end if;
  select array_agg(d.license_id) into due from (
    select l.license_id from bridge.license l
    where l.account = p_account and l.status = 'active' and l.license_key is not null
      and coalesce(l.sweep_at, coalesce(l.bought_at, l.adopted_at) + every) <= now()
      and exists (select from bridge.line n where n.license_id = l.license_id and n.pending = 0)
      and exists (select from bridge.orders o where o.license_id = l.license_id and o.license_key = l.license_key
                  and o.customer_email is not null)
    order by l.sweep_at nulls first limit p_limit for update of l skip locked) d;
  if due is null then
    return;
  end if;
  if p_requests is not null then
    select t.granted into most from bridge.budget_take(p_account, p_endpoint, p_egress, p_requests, p_per_ms, p_types,
                                                       cardinality(due), p_requests / 10 + 1, 0) t;
  end if;
  return query
  with taken as (
    update bridge.license l set sweep_at = now() + every
    where l.license_id = any (due[1:most]) returning l.license_id, l.license_key
  )
  select t.license_id, n.lease_epoch, t.license_key, o.customer_email, o.hwid, o.domain, host(o.ip), o.verification_type
  from taken t join bridge.line n on n.license_id = t.license_id,
  lateral (select f.* from bridge.orders f where f.license_id = t.license_id and f.license_key = t.license_key
           and f.customer_email is not null and f.state = 'succeeded'
           order by (f.type in ('license.create', 'license.unsuspend')) desc, f.order_id desc limit 1) o;
end
$$;
grant execute on function bridge.sweep_take to bridge_worker;
