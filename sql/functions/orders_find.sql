-- SPDX-License-Identifier: Apache-2.0
-- A page of orders, newest first, and from where the next one goes on (null: there is none).  p_filter: state (several
-- with commas), source, service, ip, license, account, type, product, key, text, as texts; all must fit.  What names
-- its orders is looked up; everything else is searched backwards in steps of bounded size, so that a page may be short
-- and yet have a next one.  Always at least one row; order_id null: no order.  Touches: orders and what names them (read).
create or replace function bridge.orders_find(p_filter jsonb, p_before bigint, p_limit int)
returns table (order_id bigint, next bigint)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  step constant int := 20000;
  upper_id bigint := coalesce(p_before, 9223372036854775807);
  f_states bridge.order_state[] := string_to_array(p_filter ->> 'state', ',')::bridge.order_state[];
  one bridge.order_state;
  f_source text := p_filter ->> 'source';
  f_service text := p_filter ->> 'service';
  f_address inet := p_filter ->> 'ip';
  f_license bigint := p_filter ->> 'license';
  f_account text := p_filter ->> 'account';
  f_type bridge.order_type := p_filter ->> 'type';
  f_product text := p_filter ->> 'product';
  named bigint[];
  ids bigint[] := '{}';
  part bigint[];
  seen bigint := 0; -- everything from here up was looked at
  low bigint;
begin
  if p_filter ? 'text' then
    named := array(select bridge.orders_of_text(p_filter ->> 'text'));
  end if;
  if p_filter ? 'key' then
    part := array(select bridge.orders_of_key(p_filter ->> 'key'));
    named := case when named is null then part else array(select unnest(named) intersect select unnest(part)) end;
  end if;
  if named is null and f_license is not null then
    named := array(select o.order_id from bridge.orders o where o.license_id = f_license);
  elsif named is null and f_service is not null then
    named := array(select o.order_id from bridge.license l join bridge.orders o using (license_id)
                   where l.service_id = f_service and (f_source is null or l.source = f_source));
  elsif named is null and f_address is not null then
    named := array(select bridge.orders_of_ip(f_address));
  end if;
  if named is not null then
    ids := array(
      select o.order_id from bridge.orders o
      where o.order_id = any (named) and o.order_id < upper_id
        and bridge.order_fits(o, f_states, f_source, f_service, f_address, f_license, f_account, f_type, f_product)
      order by o.order_id desc limit p_limit);
  elsif f_states is null or 'succeeded' = any (f_states) then
    low := least(upper_id, coalesce((select max(o.order_id) + 1 from bridge.orders o), 1)) - step;
    ids := array(
      select o.order_id from bridge.orders o
      where o.order_id < upper_id and o.order_id >= low
        and bridge.order_fits(o, f_states, f_source, f_service, f_address, f_license, f_account, f_type, f_product)
      order by o.order_id desc limit p_limit);
    seen := greatest(low, 0);
  else
    foreach one in array f_states loop
      -- Spelled out, so that the planner knows which partial index it may use.
      execute format(
        'select array(select o.order_id from bridge.orders o where o.state = %L and o.order_id < $1
           and bridge.order_fits(o, null, $2, null, null, null, $3, $4, $5)
           and o.order_id >= coalesce((select s.order_id from bridge.orders s where s.state = %L and s.order_id < $1
                                       order by s.order_id desc offset $6 limit 1), 0)
         order by o.order_id desc limit $7)', one, one)
      into part using upper_id, f_source, f_account, f_type, f_product, step - 1, p_limit;
      ids := ids || part;
      if cardinality(part) < p_limit then
        execute format('select s.order_id from bridge.orders s where s.state = %L and s.order_id < $1
                        order by s.order_id desc offset $2 limit 1', one)
        into low using upper_id, step - 1;
        seen := greatest(seen, coalesce(low, 0));
      end if;
    end loop;
    ids := array(select i from unnest(ids) i where i >= seen order by i desc limit p_limit);
  end if;
  next := case when cardinality(ids) = p_limit then ids[p_limit] when seen > 1 then seen end;
  if cardinality(ids) = 0 then
    return next;
  end if;
  foreach order_id in array ids loop
    return next;
  end loop;
end
$$;
grant execute on function bridge.orders_find to bridge_ops;
