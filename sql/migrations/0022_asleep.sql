-- SPDX-License-Identifier: Apache-2.0
-- When the workers came back after a time without any: what a window that is older than that took may have been bought
-- by a service whose database this one is an old backup of.
alter table bridge.account add column awake_since timestamptz;
comment on column bridge.account.awake_since is 'When workers came back after a minute or more without a sign of life';
