-- SPDX-License-Identifier: Apache-2.0
-- The sum of many rows of counts.
create or replace aggregate bridge.counts_sum (bigint[]) (sfunc = bridge.counts_add, stype = bigint[]);
