-- SPDX-License-Identifier: Apache-2.0
-- An account's last window is looked for each time one is opened.
create index spending_window_account on bridge.spending_window (account, window_id);
