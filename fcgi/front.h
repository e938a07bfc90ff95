/* SPDX-License-Identifier: Apache-2.0 */
/* front: what one bridge-fcgi process holds, and the way from a path to the
 * function that serves it. */
#ifndef FCGI_FRONT_H
#define FCGI_FRONT_H

#include <stdbool.h>

#include "base/clock.h"
#include "base/config.h"
#include "fcgi/latency.h"
#include "fcgi/loop.h"
#include "fcgi/refusal.h"
#include "fcgi/request.h"
#include "store/session.h"

#define FRONT_READ_TIMEOUT_MS 5000 /* reads and probes */

#define FRONT_READERS 3

struct batch;
struct waiting;
struct front;

/* A path that ends in '/' is a beginning, and rest is what follows it; with a
 * star in it, rest is what stands in the star's place.  Neither holds a '/'.  A path that ends in '+' is a
 * beginning too, and rest is one part or two with a '/' between. */
struct route {
    const char *method;
    const char *path;
    void (*serve)(struct front *front, struct request *request, const char *rest);
    const void *what; /* for the serving function: which list, which action */
};

struct front {
    const struct clock *clock;
    const struct route *routes;             /* ends with a NULL method */
    struct config *config;                  /* for requests that begin now */
    struct session *reader;                 /* reads, refusals, hints */
    struct session *writer;                 /* stores deliveries; NULL in ops */
    struct session *readers[FRONT_READERS]; /* ops: the same and more, so that a slow read holds nobody up */
    struct session *acting;                 /* ops: what operators do, with their rights */
    struct batch *batch;                    /* NULL in the ops program, like waiting */
    struct waiting *waiting;
    struct refusal_meter refusals;
    struct latency latency; /* ops: noted with each answer */
    int64_t served;         /* for the log line at the end */
    bool draining;
};

/* Serves one request (door_handle_fn; ctx is the front). */
void front_handle(void *ctx, struct request *request);

/* ops: the reader that has least to do. */
struct session *front_reader(const struct front *front);

/* Calls then(request) when the bearer token is live and has the scope, and
 * answers 401, 403 or 503 itself otherwise.  actor and scopes of the request are
 * set then. */
void front_require_scope(struct request *request, const char *scope, void (*then)(struct request *request));

#endif
