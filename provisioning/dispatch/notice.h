/* SPDX-License-Identifier: Apache-2.0 */
/* notice: what becomes of a notice after a try.  Pure. */
#ifndef DISPATCH_NOTICE_H
#define DISPATCH_NOTICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NOTICE_NO_MORE (-1)

struct notice_try {
    int before;             /* tries in vain before this one */
    long status;            /* 0: no whole answer */
    int64_t retry_after_ms; /* -1: not given */
};

/* 2xx: the receiver has it. */
bool notice_taken(long status);
/* Milliseconds until the next try of one that was not taken: the schedule's, or
 * later where the receiver asks for it (within a day).  NOTICE_NO_MORE past the
 * schedule's end and after 410, which means that nobody is there any more. */
int64_t notice_wait_ms(const struct notice_try *tried, const int64_t *schedule_ms, size_t count);
/* A sentence about a status that is not 2xx. */
const char *notice_problem(long status);

#endif
