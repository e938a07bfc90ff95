/* SPDX-License-Identifier: Apache-2.0 */
/* waiting: requests that wait for the end of their order ("Prefer: wait").
 *
 * A waiter is an object in its request's arena and nothing else.  All of them
 * together cost one small statement per look, and looks are the rarer the more
 * wait, so that their number never slows the front door.  Each waiter is
 * answered once: when its order rests, when its time is up, or on release; or it
 * leaves before. */
#ifndef FCGI_WAITING_H
#define FCGI_WAITING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "store/session.h"

#define WAITING_PERIOD_MS 100  /* between two looks, while few wait … */
#define WAITING_PER_MS    10   /* … and a millisecond more for each of these that wait */
#define WAITING_HINTED_MS 10   /* after a hint, likewise */
#define WAITING_GRACE_MS  1000 /* past its time a waiter is answered without a look */

/* Filled by the caller but for the links; lives until it is answered. */
struct waiter {
    int64_t order_id;
    int64_t until_ms;  /* boot time */
    const char *state; /* as last known, like the reason (may be NULL) */
    const char *reason;
    struct waiter *next;
};

/* state and reason are as fresh as can be had, and live during the call. */
typedef void waiting_answer_fn(struct waiter *waiter, const char *state, const char *reason);

struct waiting;

struct waiting *waiting_new(struct session *session, const struct clock *clock, waiting_answer_fn *answer);
/* Nobody may wait any more. */
void waiting_free(struct waiting **waiting);
/* false: `most` wait already, or all were released; the caller answers itself. */
bool waiting_add(struct waiting *waiting, struct waiter *waiter, size_t most);
/* Takes out one who waits, unanswered. */
void waiting_leave(struct waiting *waiting, const struct waiter *waiter);
size_t waiting_count(const struct waiting *waiting);
/* Some order has moved (session_notify_fn's part of it). */
void waiting_hint(struct waiting *waiting);
/* Looks when a look is due, and gives up whom nobody could tell anything. */
void waiting_step(struct waiting *waiting);
/* Milliseconds until waiting_step is due; -1: nobody waits. */
int64_t waiting_wait_ms(const struct waiting *waiting);
/* Answers everybody now, with what is known, and takes nobody any more. */
void waiting_release(struct waiting *waiting);

#endif
