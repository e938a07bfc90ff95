/* SPDX-License-Identifier: Apache-2.0 */
/* breaker: keeps a dead upstream from being hammered.
 *
 * After BREAKER_FAILURES failures in a row the account rests; then one call is
 * let through as a probe, and its end opens the account or makes the next rest
 * longer.  A 429 rests the account for the time it names.  Pure: time is an
 * argument. */
#ifndef DISPATCH_BREAKER_H
#define DISPATCH_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

#define BREAKER_FAILURES 5

struct breaker {
    int failures; /* in a row */
    int64_t pause_ms;
    int64_t until_ms; /* boot time; calls rest until then */
    bool probing;     /* the probe is on its way */
};

enum breaker_event {
    BREAKER_ANSWERED,  /* the upstream answered, whatever it said */
    BREAKER_FAILED,    /* no usable answer: refused connection, timeout, 5xx */
    BREAKER_THROTTLED, /* 429 */
    BREAKER_NOTHING,   /* the call ended by our own doing: says nothing of the upstream */
};

/* How many calls may be started now, at most want. */
int breaker_allows(const struct breaker *breaker, int64_t now_ms, int want);
/* A call is being started. */
void breaker_started(struct breaker *breaker);
/* A call has ended.  rest_ms: Retry-After of a THROTTLED one; cap_ms: longest
 * rest after failures.  Says whether the breaker opened by it. */
bool breaker_ended(struct breaker *breaker, enum breaker_event event, int64_t now_ms, int64_t rest_ms, int64_t cap_ms);

#endif
