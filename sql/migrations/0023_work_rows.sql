-- SPDX-License-Identifier: Apache-2.0
-- What a worker is told about an order is made by sql/functions/work_rows.sql from here on, whose text becomes part of
-- the statement that asks: a function that is not taken apart is planned anew for each claim.
drop function bridge.work_of(bridge.orders, bigint);
