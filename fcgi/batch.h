/* SPDX-License-Identifier: Apache-2.0 */
/* batch: group commit.
 *
 * While one transaction is on its way, arriving deliveries gather; then all that
 * may travel together (batch_rules.h) go into the next one, which is sent before
 * the answers of the one before are written.  No timer adds delay.  A delivery is
 * answered once, after the commit that holds it or after it is certain that this
 * process will not try again. */
#ifndef FCGI_BATCH_H
#define FCGI_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/intake.h"

#define BATCH_TRIES_MAX 5 /* how often a delivery that lost a race is sent again */

/* One delivery; lives in its request's arena until it is answered. */
struct batch_item {
    struct intake_event event;
    struct batch_item *next;
    int tries;
    bool alone; /* its batch was refused as a whole: goes by itself now */
};

/* result NULL: nothing may be acknowledged. */
typedef void batch_answer_fn(struct batch_item *item, const struct intake_result *result);

struct batch_limits {
    int most;           /* deliveries in one commit */
    int64_t timeout_ms; /* of a commit */
};

struct batch;

struct batch *batch_new(struct session *session, batch_answer_fn *answer);
void batch_free(struct batch **batch);
/* A dry run in here is our own mistake and asserts. */
void batch_add(struct batch *batch, struct batch_item *item);
/* Call at the end of each round of the loop: sends what has gathered, unless a
 * transaction is on its way.  The limits hold until the next call. */
void batch_start(struct batch *batch, const struct batch_limits *limits);
size_t batch_waiting(const struct batch *batch); /* gathered, not yet sent */
/* Answers all that has gathered with "not stored" (the database is away). */
void batch_fail_waiting(struct batch *batch);
/* Whether new orders were committed since it was last asked. */
bool batch_hint_take(struct batch *batch);

#endif
