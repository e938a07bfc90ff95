/* SPDX-License-Identifier: Apache-2.0 */
/* verdict: what an answer, or its absence, means.
 *
 * The only place that decides whether something was carried out upstream.  Pure:
 * an observation and what its JSON says go in, a verdict with its reason comes
 * out. */
#ifndef PROVIDER_VERDICT_H
#define PROVIDER_VERDICT_H

#include <stdbool.h>

#include "base/arena.h"
#include "provider/provider.h"

enum said_success { SAID_NOTHING, SAID_TRUE, SAID_FALSE };

/* What the body says; all zero unless it is one complete JSON object. */
struct said {
    bool object;               /* one whole object without duplicate members */
    enum said_success success; /* the boolean member, SAID_NOTHING when absent or of another type */
    const char *code;          /* error_code; NULL */
};

/* Fills verdict, reason_code, reason and denied from answer->seen and
 * answer->message. */
void verdict_decide(struct answer *answer, const struct said *said, struct arena *arena);
/* A verification that was carried out is done only if it says valid: true;
 * reads has_valid and valid of a DONE answer. */
void verdict_of_validity(struct answer *answer);

#endif
