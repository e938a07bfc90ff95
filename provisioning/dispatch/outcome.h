/* SPDX-License-Identifier: Apache-2.0 */
/* outcome: what attempts ended in, on its way into the database, in batches.
 *
 * An outcome stays here until its row is written; storing one twice changes
 * nothing.  If the process dies first, the lease runs out and the order is taken
 * over as one whose answer was lost. */
#ifndef DISPATCH_OUTCOME_H
#define DISPATCH_OUTCOME_H

#include "dispatch/worker.h"

/* Copies the outcome and counts the work as ended once it is stored; account is
 * looked at again then, because the line may have a next order. */
void outcome_add(struct account_state *account, const struct work_outcome *outcome);
/* Sends what waits, if nothing is being sent. */
void outcome_flush(struct worker *worker);
bool outcome_pending(const struct worker *worker);
/* Milliseconds until outcome_flush has something to do again; -1: nothing waits. */
int64_t outcome_wait_ms(const struct worker *worker);

#endif
