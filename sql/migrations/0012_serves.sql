-- SPDX-License-Identifier: Apache-2.0
-- Which programs the database still serves, so that those of the former release work on while the next one is
-- rolled out.  A migration that they do not survive (it drops or renames what they call, or changes what it means)
-- says so itself, in its own transaction:
--   update bridge.schema_floor set oldest_program = <the number of that migration>;

create table bridge.schema_floor (
  one            boolean primary key default true check (one),
  oldest_program int not null
);
comment on table bridge.schema_floor is 'One row: programs built for a schema from this number on can work here';
insert into bridge.schema_floor (oldest_program) values (1);
