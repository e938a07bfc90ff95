/* SPDX-License-Identifier: Apache-2.0 */
/* batch_rules: which deliveries may share one transaction (store/intake.h).
 *
 * Two that name the same delivery, operation, service or pair must not; the
 * later one waits, and whatever collides with a waiting one waits behind it, so
 * that nothing overtakes.  Keys are compared by a seeded 64-bit hash: a false
 * match only costs a wait. */
#ifndef FCGI_BATCH_RULES_H
#define FCGI_BATCH_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/intake.h"

#define BATCH_LOOKED_AT_MAX (2 * INTAKE_BATCH_MAX) /* most events looked at for one batch */
#define BATCH_KEYS_MAX      6                      /* of one event */
#define BATCH_SLOTS         8192                   /* a power of two, well above the product */

struct batch_rules {
    uint64_t seed;
    size_t used;
    uint64_t slots[BATCH_SLOTS]; /* 0: free */
};

/* Forgets all keys; seed: any number that outsiders don't know. */
void batch_rules_begin(struct batch_rules *rules, uint64_t seed);
/* Whether the event collides with none seen since begin; remembers its keys
 * either way.  At most BATCH_LOOKED_AT_MAX calls per begin. */
bool batch_rules_admit(struct batch_rules *rules, const struct intake_event *event);

#endif
