/* SPDX-License-Identifier: Apache-2.0 */
/* claim: when a worker looks for work. */
#ifndef DISPATCH_CLAIM_H
#define DISPATCH_CLAIM_H

#include "dispatch/worker.h"

/* Claims whatever is due on every account that has room. */
void claim_step(struct worker *worker);
/* Milliseconds until claim_step has something to do, at most the poll's. */
int64_t claim_wait_ms(const struct worker *worker);
/* There may be work: a notification, or a fresh start. */
void claim_wake(struct worker *worker);

#endif
