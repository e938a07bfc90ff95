-- SPDX-License-Identifier: Apache-2.0
-- A batch of deliveries: one row of answer each; see bridge.intake_batch.
-- $1 to $35: as in sql/query/intake_accept.sql.  Touches: what intake_batch touches.
create or replace function bridge.intake_accept(
  text[], text[], bytea[], bytea[], text[], text[], text[], bytea[], text[], text[], text[], text[], text[], text[],
  text[], text[], boolean[], text[], text[], bigint[], text[], text[], text[], text[], text[], text[], text[], text[],
  bigint[], text[], text[], text[], text[], text[], bigint[])
returns setof bridge.intake_result language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  return query select * from bridge.intake_batch(
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25,
    $26, $27, $28, $29, $30, $31, $32, $33, $34, $35);
end
$$;
comment on function bridge.intake_accept is 'Stores a batch of checked deliveries; parameters as in sql/query/intake_accept.sql';
grant execute on function bridge.intake_accept to bridge_intake;
