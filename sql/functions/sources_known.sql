-- SPDX-License-Identifier: Apache-2.0
-- The sources that ever delivered anything, found by hopping through the index.  Touches: delivery (read).
create or replace function bridge.sources_known() returns setof text language sql stable as $$
  with recursive hop as (
    (select d.source from bridge.delivery d order by d.source limit 1)
    union all
    select (select d.source from bridge.delivery d where d.source > hop.source order by d.source limit 1)
    from hop where hop.source is not null
  )
  select hop.source from hop where hop.source is not null
$$;
