/* SPDX-License-Identifier: Apache-2.0 */
/* house: a worker's chores beside its calls. */
#ifndef DISPATCH_HOUSE_H
#define DISPATCH_HOUSE_H

#include "dispatch/worker.h"

/* Lease takeovers, freed pairs, pauses, held orders, sign of life, partitions. */
struct house {
    int64_t schema_ms;    /* whether the schema is ours */
    int64_t due_ms;       /* takeovers, pairs, pauses, sign of life */
    int64_t partition_ms; /* next month's partitions, old notices */
    int64_t history_ms;   /* months that are no longer kept */
    int64_t credits_ms;   /* balances for orders held for credits, prices for those held by the price guard */
    int64_t sums_ms;      /* sums for the operators' views */
};
void house_step(struct worker *worker, struct house *house);

#endif
