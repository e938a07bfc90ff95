-- SPDX-License-Identifier: Apache-2.0
-- When the balance could last not be read, so that two failures with an idle night between them are not one long
-- spell.
alter table bridge.account add column unread_at timestamptz;
comment on column bridge.account.unread_at is 'When a reading of the balance last failed';
