/* SPDX-License-Identifier: Apache-2.0 */
/* attempt: one upstream call for a leased order whose intent is committed, from
 * the first byte to the outcome. */
#ifndef DISPATCH_ATTEMPT_H
#define DISPATCH_ATTEMPT_H

#include "dispatch/worker.h"

/* Called once the outcome has been handed to outcome_add; account is free for
 * the next work then. */
typedef void attempt_end_fn(struct account_state *account);

/* Makes the call, asks for the evidence that the decision needs, and hands the
 * outcome on.  Takes the work over.  most_credits: the most a paid call can
 * cost. */
void attempt_start(struct account_state *account, struct work **work, credits_t most_credits, attempt_end_fn *end);

/* Hands work whose intent is committed back without a call: nothing was sent. */
void attempt_abandon(struct account_state *account, struct work **work, const char *code, const char *reason,
                     attempt_end_fn *end);

/* Reports the end of any call to the account's breaker. */
void attempt_report(struct account_state *account, const struct answer *answer);

#endif
