-- SPDX-License-Identifier: Apache-2.0
-- The deliveries of a batch whose places are in $36, one after the other; null: all of them.  New licenses are made in
-- the order of their names, so that two batches do not wait for each other.  The lines that were known are locked.
-- $1 to $35: as in sql/query/intake_accept.sql.  Touches: everything intake_accept_one touches.
create or replace function bridge.intake_each(
  text[], text[], bytea[], bytea[], text[], text[], text[], bytea[], text[], text[], text[], text[], text[], text[],
  text[], text[], boolean[], text[], text[], bigint[], text[], text[], text[], text[], text[], text[], text[], text[],
  bigint[], text[], text[], text[], text[], text[], bigint[], int[])
returns setof bridge.intake_result language plpgsql as $$
declare
  r bridge.intake_row;
begin
  for r in
    select i, $1[i], $2[i], $3[i], $4[i], $5[i], $6[i], $7[i], $8[i], $9[i], $10[i], $11[i], $12[i], $13[i], $14[i],
           $15[i], $16[i], $17[i], $18[i], $19[i], $20[i], $21[i], $22[i], $23[i], $24[i], $25[i], $26[i], $27[i],
           $28[i], $29[i], $30[i], $31[i], $32[i], $33[i], $34[i], $35[i]
    from generate_series(1, cardinality($2)) i
    where $36 is null or i = any ($36)
    order by $1[i], $9[i], $12[i], $2[i]
  loop
    return next bridge.intake_accept_one(r);
  end loop;
end
$$;
