-- SPDX-License-Identifier: Apache-2.0
-- Sorts a batch into what can be stored set by set and what needs a look of its own.  The result speaks of places in
-- the batch (from 1):
--   known    the delivery is known: the same order again; of them
--   conflict those that have other bytes now
--   fresh    the first order of a license that it makes; a create, on a pair that nobody ever had.  In the order of
--            the licenses' names, and none behind another one of the batch that may make its license
--   next     an ordinary order for a license that exists: it becomes the head of an empty line, or waits behind a head
--            that it does not overtake
--   others   everything else: bridge.intake_accept_one decides
-- and, indexed by place, of the license, the new order, its position and order_sequence, the head that it waits for.
-- What sends an order to the others is whatever makes intake_accept_one or line_advance do anything but store it: a
-- rule that is added there has its condition here.  A delivery, key or service that comes twice makes all others.
-- p_locked: the lines that the batch holds.  Arrays as in sql/query/intake_accept.sql.
-- Touches (reads): delivery, orders, product, account, license_product, line, license, pair.
create or replace function bridge.intake_sort(
  p_locked bigint[], p_source text[], p_delivery_id text[], p_digest bytea[], p_type text[], p_operation_key text[],
  p_service_id text[], p_provider text[], p_account text[], p_product_code text[], p_upstream_type text[], p_ip text[],
  p_period_end text[], p_sequence bigint[],
  out known int[], out conflict int[], out fresh int[], out next int[], out others int[], out license bigint[], out orders bigint[],
  out "position" bigint[], out order_sequence bigint[], out head bigint[])
language plpgsql as $$
declare
  places constant int := cardinality(p_delivery_id);
  makers int[];
begin
  if places > 1 and (
       (select count(*) from (select distinct p_source[i], p_delivery_id[i] from generate_series(1, places) i) u) < places
    or (select count(*) from (select distinct p_source[i], p_operation_key[i] from generate_series(1, places) i) u) < places
    or (select count(*) from (select distinct p_source[i], p_service_id[i] from generate_series(1, places) i) u) < places)
  then
    select array_agg(i) into others from generate_series(1, places) i;
    return;
  end if;
  select array_agg(s.i) filter (where s.kind = 'known'),
         array_agg(s.i) filter (where s.kind = 'known' and s.digest <> p_digest[s.i]),
         array_agg(s.i order by p_source[s.i], p_service_id[s.i], p_product_code[s.i]) filter (where s.kind = 'fresh'),
         array_agg(s.i) filter (where s.kind = 'next'),
         array_agg(s.i) filter (where s.kind = 'others'),
         array_agg(s.i order by p_source[s.i], p_service_id[s.i], p_product_code[s.i])
           filter (where s.kind = 'others' and s.may_make),
         array_agg(case s.kind when 'fresh' then nextval('bridge.license_license_id_seq') else s.license_id end),
         array_agg(case s.kind when 'fresh' then nextval('bridge.order_id_seq')
                               when 'next' then nextval('bridge.order_id_seq')
                               else s.order_id end),
         array_agg(s.last_position + 1), array_agg(s.order_sequence), array_agg(s.head_order)
  into known, conflict, fresh, next, others, makers, license, orders, position, order_sequence, head
  from (
    select i, d.order_id, d.digest, l.license_id, coalesce(l.last_position, 0) as last_position, l.head_order,
           coalesce(p_sequence[i], l.max_sequence, 0) as order_sequence,
           case
           when d.order_id is not null then 'known'
           when k.order_id is not null then 'others'
           when p.license_id is null then
             case when a.paused is not false then 'others'
                  when p_type[i] = 'license.create'
                    then case when c.visible is distinct from false and x.pair_id is null then 'fresh' else 'others' end
                  when p_type[i] in ('license.suspend', 'license.unsuspend', 'license.terminate', 'license.verify')
                       and x.license_id is null then 'fresh'
                  else 'others' end
           when l.license_id is null -- made since the lines were locked
                or p_type[i] not in ('license.renew', 'license.suspend', 'license.unsuspend', 'license.terminate',
                                     'license.verify')
                or x.license_id <> p.license_id then 'others'
           when p_type[i] = 'license.renew'
                and (p_provider[i] = '724license'
                     and (n.status = 'terminated' or n.status <> 'pending' and n.bought_at is null and n.adopted_at is null)
                     or p_period_end[i] is not null and exists (
                       select from bridge.orders o
                       where o.license_id = p.license_id and o.type = 'license.renew'
                         and o.period_end = p_period_end[i]::date and o.state not in ('failed', 'cancelled'))) then 'others'
           when l.head_order is not null then
             case when h.state in ('calling', 'in_doubt', 'needs_review')
                       or h.state = 'queued'
                          and (h.attempts > 0
                               or coalesce(p_sequence[i], l.max_sequence, 0) >= h.order_sequence)
                  then 'next' else 'others' end
           when a.paused is distinct from false or l.pending > 0 or greatest(l.settle_until, l.probe_until) > now()
                or p_sequence[i] < l.done_sequence and p_type[i] in ('license.suspend', 'license.unsuspend')
                or p_provider[i] = '724license'
                   and (n.status = 'terminated' and p_type[i] in ('license.renew', 'license.unsuspend')
                        or n.status in ('active', 'suspended') and n.ip is not null
                           and (p_upstream_type[i], p_ip[i]::inet) is distinct from (n.upstream_type, n.ip)) then 'others'
           else 'next' end as kind,
           p.license_id is null and k.order_id is null
             and not (p_type[i] = 'license.create' and c.visible is not distinct from false)
             and not (p_type[i] = 'license.renew' and p_provider[i] = '724license') as may_make
    from generate_series(1, places) i
    left join bridge.delivery d on d.source = p_source[i] and d.delivery_id = p_delivery_id[i]
    left join bridge.orders k on k.source = p_source[i] and k.operation_key = p_operation_key[i] and not k.key_free
    left join bridge.account a on a.account = p_account[i]
    left join bridge.product c on c.account = p_account[i] and c.upstream_type = p_upstream_type[i]
    left join bridge.license_product p
           on p.source = p_source[i] and p.service_id = p_service_id[i] and p.product_code = p_product_code[i]
    left join bridge.line l on l.license_id = p.license_id and (l.license_id = any (p_locked)) is true
    left join bridge.license n on n.license_id = p.license_id
    left join bridge.orders h on h.order_id = l.head_order
    left join bridge.pair x on p_provider[i] = '724license' and x.account = p_account[i]
                           and x.upstream_type = p_upstream_type[i] and x.ip = p_ip[i]::inet
    order by i
  ) s;
  -- Two batches that make the same licenses must make them in one order, or they would wait for each other.
  if makers is not null and fresh is not null then
    others := others || array(
      select i from unnest(fresh) i where (p_source[i], p_service_id[i], p_product_code[i])
                                        > (p_source[makers[1]], p_service_id[makers[1]], p_product_code[makers[1]]));
    fresh := array(
      select i from unnest(fresh) with ordinality u(i, n)
      where (p_source[i], p_service_id[i], p_product_code[i])
          < (p_source[makers[1]], p_service_id[makers[1]], p_product_code[makers[1]]) order by n);
  end if;
end
$$;
