/* SPDX-License-Identifier: Apache-2.0 */
/* ration: calls to endpoints that take only so many an hour.
 *
 * The budgets are rows shared by all hosts behind one address (store/budget.h);
 * here is which call is made from which budget, and what an answer does to it. */
#ifndef DISPATCH_RATION_H
#define DISPATCH_RATION_H

#include "dispatch/worker.h"
#include "store/budget.h"

/* The budget that the account's call is made from; NULL: none. */
const struct config_limit *ration_limit(const struct config_account *account, enum call_name name);
/* Every repeatable type of order, the more urgent first. */
void ration_list(const struct account_state *account, struct rations *rations);
/* Leases and begins work within the budgets. */
void ration_claim(struct account_state *account, int room, session_done_fn *done);
/* Takes one call, before it is made, for something that is no order in line: rows
 * as of budget_take.  false: the call is not rationed, done is not called. */
bool ration_take(struct account_state *account, enum call_name name, session_done_fn *done, void *ctx);
/* The provider asked for fewer calls; false: the call is not rationed. */
bool ration_throttled(struct account_state *account, const struct answer *answer);
/* A probe has ended: if it was answered, the endpoint takes calls again. */
void ration_probed(struct account_state *account, const struct answer *answer);

#endif
