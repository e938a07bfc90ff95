-- SPDX-License-Identifier: Apache-2.0
-- A batch of deliveries is stored by bridge.intake_accept itself from here on: one layer of functions less.  Absent
-- where the functions were never applied before.
drop function if exists bridge.intake_batch(
  text[], text[], bytea[], bytea[], text[], text[], text[], bytea[], text[], text[], text[], text[], text[], text[],
  text[], text[], boolean[], text[], text[], bigint[], text[], text[], text[], text[], text[], text[], text[], text[],
  bigint[], text[], text[], text[], text[], text[], bigint[]);
