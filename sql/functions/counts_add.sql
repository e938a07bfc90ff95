-- SPDX-License-Identifier: Apache-2.0
-- Two rows of counts, as of bridge.duration_bounds(), added; what is missing in either counts as 0.
create or replace function bridge.counts_add(a bigint[], b bigint[]) returns bigint[] language sql immutable as $$
  select array(select coalesce(a[n], 0) + coalesce(b[n], 0)
               from generate_series(1, cardinality(bridge.duration_bounds()) + 1) n)
$$;
