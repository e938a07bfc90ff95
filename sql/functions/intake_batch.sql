-- SPDX-License-Identifier: Apache-2.0
-- A batch of deliveries: one row of answer each.  The lines are locked first, in the order in which everybody locks
-- them.  What is ordinary is then stored set by set, each row once and in its final state; when another batch was
-- quicker with any of it, that is taken back and every delivery is looked at by itself, like what is not ordinary.
-- $1 to $35: as in sql/query/intake_accept.sql.  Touches: delivery, orders, event, license, license_product, line, pair
-- and, for what is not ordinary, everything intake_accept_one touches.
create or replace function bridge.intake_batch(
  text[], text[], bytea[], bytea[], text[], text[], text[], bytea[], text[], text[], text[], text[], text[], text[],
  text[], text[], boolean[], text[], text[], bigint[], text[], text[], text[], text[], text[], text[], text[], text[],
  bigint[], text[], text[], text[], text[], text[], bigint[])
returns setof bridge.intake_result language plpgsql as $$
declare
  locked bigint[];
  b record;
  done text; -- of functions that return nothing: an assignment costs a third of a perform
begin
  -- The locks are written, so a batch of nothing but repeats waits for the standby like any other: a delivery that only
  -- this server has, because its standby was away, is not acknowledged to whoever sends it again.
  select array_agg(l.license_id) into locked
  from (select n.license_id from bridge.line n
        where n.license_id in (select p.license_id from generate_series(1, cardinality($2)) i
                               join bridge.license_product p
                                 on p.source = $1[i] and p.service_id = $9[i] and p.product_code = $12[i])
        order by n.license_id for update) l;
  -- A statement of its own: it sees what those who held the lines before have done.
  b := bridge.intake_sort(locked, $1, $2, $3, $6, $7, $9, $10, $11, $12, $13, $18, $21, $29);
  begin
    if b.fresh is not null then
      done := bridge.intake_licenses(b.fresh, b.license, b.orders, $1, $6, $9, $10, $11, $12, $13, $17, $18, $22,
        $29);
    end if;
    if b.next is not null then
      done := bridge.intake_lines(b.next, b.license, b.orders, $6, $11, $17, $29);
    end if;
    if coalesce(b.fresh, b.next) is not null then
      done := bridge.intake_orders(b.fresh || b.next, b.license, b.orders, b.position, b.order_sequence, b.head,
        $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24,
        $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35);
    end if;
  exception when unique_violation then
    return query select * from bridge.intake_each($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
      $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, null);
    return;
  end;
  return query
    select i, case when i = any (b.conflict) then 'conflict' when i = any (b.known) then 'duplicate' else 'accepted' end,
           o.order_id, o.state::text,
           case when o.state = 'queued' and not o.paid and exists (select from bridge.budget g where g.account = o.account)
                then bridge.order_reason(o) else bridge.order_reason_words(o, l.head_order) end, null::text, null::text
    from unnest(b.fresh || b.next || b.known) i
    join bridge.orders o on o.order_id = b.orders[i]
    join bridge.line l on l.license_id = o.license_id;
  if b.others is not null then
    return query select * from bridge.intake_each($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
      $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, b.others);
  end if;
end
$$;
