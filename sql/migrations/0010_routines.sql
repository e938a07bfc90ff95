-- SPDX-License-Identifier: Apache-2.0
-- Functions and views that change after their migration landed stand in sql/functions and sql/views, one a
-- file, and are made anew by `bridgectl migrate` when their text differs from the one recorded here.

create table bridge.schema_routine (
  name           text primary key,
  sha256         text not null,
  applied_at     timestamptz not null default now()
);
comment on table bridge.schema_routine is 'Functions and views as last made, with the checksum of their text';
