-- SPDX-License-Identifier: Apache-2.0
-- What attempts ended in, one element of each array per attempt (sql/query/work_outcomes.sql names them): what is
-- ordinary in sets, the rest one by one in the order of their licenses.  Says for each whether it was applied, and the
-- order's state.  Touches: line, account (locked), and what work_outcome touches.
create or replace function bridge.work_outcomes(
  bigint[], bigint[], bigint[], text[], text[], text[], bigint[], bigint[], boolean[], boolean[], boolean[], text[],
  bigint[], bigint[], bigint[], text[], bytea[], text[], boolean[], bigint[])
returns table (order_id bigint, applied boolean, state text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  ordinary bigint[];
  r record;
begin
  perform from bridge.line l
  where l.license_id in (select o.license_id from bridge.orders o where o.order_id = any ($1))
  order by l.license_id for update;
  perform from bridge.account a
  where a.account in (select o.account from bridge.orders o where o.order_id = any ($1) and o.paid)
  order by a.account for no key update;
  ordinary := bridge.outcomes_ordinary($1, $2, $3, $4, $5, $6, $8, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20);
  return query select u.id, true, 'succeeded' from unnest(ordinary) u(id);
  if cardinality(ordinary) = cardinality($1) then
    return;
  end if;
  for r in
    select u.* from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
                         $20)
      as u(id, attempt, epoch, target, code, reason, wait_ms, settle_ms, doubted, key_free, sent, verdict, status, curl,
           elapsed_ms, request, answer, upstream_id, pause, expires_ms)
    join bridge.orders o on o.order_id = u.id
    where u.id <> all (ordinary)
    order by o.license_id
  loop
    order_id := r.id;
    applied := bridge.work_outcome(r.id, r.attempt::int, r.epoch, r.target::bridge.order_state, r.code, r.reason,
                                   r.wait_ms, r.settle_ms, r.doubted, r.key_free, r.sent, r.verdict::bridge.verdict,
                                   r.status::int, r.curl::int, r.elapsed_ms::int, r.request, r.answer, r.upstream_id,
                                   r.pause, r.expires_ms);
    select o.state::text into state from bridge.orders o where o.order_id = r.id;
    return next;
  end loop;
end
$$;
grant execute on function bridge.work_outcomes to bridge_worker;
