/* SPDX-License-Identifier: Apache-2.0 */
/* claim: when a worker looks for work, and the chores between. */
#ifndef DISPATCH_CLAIM_H
#define DISPATCH_CLAIM_H

#include "dispatch/worker.h"

/* Claims whatever is due on every account that has room. */
void claim_step(struct worker *worker);
/* Milliseconds until claim_step or house_step has something to do. */
int64_t claim_wait_ms(const struct worker *worker);
/* There may be work: a notification, or a fresh start. */
void claim_wake(struct worker *worker);

/* Lease takeovers, freed pairs, pauses, held orders, sign of life, partitions. */
struct house {
    int64_t due_ms;       /* takeovers, pairs, pauses, sign of life */
    int64_t partition_ms; /* next month's partitions */
    int64_t credits_ms;   /* balances for orders held for credits */
};
void house_step(struct worker *worker, struct house *house);

#endif
