-- SPDX-License-Identifier: Apache-2.0
-- The bounds, in ms, by which the durations of calls are counted.
create or replace function bridge.duration_bounds() returns int[] language sql immutable as $$
  select array[50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000]
$$;
