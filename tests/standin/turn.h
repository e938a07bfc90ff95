/* SPDX-License-Identifier: Apache-2.0 */
/* turn: one call from receipt to answer, with the fault that it meets. */
#ifndef STANDIN_TURN_H
#define STANDIN_TURN_H

#include <stdint.h>

#include "book.h"
#include "reply.h"
#include "request.h"

struct endpoint;

/* What a handler sees; the book's lock is held while it runs. */
struct turn {
    struct book *book;
    const struct endpoint *endpoint;
    const struct request *request;
    struct call *call;
    struct reply *reply;
};

/* Checks, does and answers one call; must not wait. */
typedef void endpoint_fn(struct turn *turn);

struct endpoint {
    const char *path;
    const char *name;
    const char *provider;
    const char *needs[5]; /* fields without which it is refused */
    endpoint_fn *admit;   /* the provider's common checks; goes on to work */
    endpoint_fn *work;
};

extern const struct endpoint reseller_endpoints[]; /* end with a row without path */
extern const struct endpoint zone_endpoints[];
extern const struct endpoint unknown_endpoint; /* for every other path */

/* Serves one call; `fd` is nginx's connection, watched and never written.  May
 * take the request (late effects). */
void turn_serve(struct book *book, struct request **request, int fd, struct reply *reply);
/* Carries out a call whose caller has gone; with the lock held. */
void turn_work_late(struct book *book, const struct request *request, uint64_t seq);
/* Sets how the call ended, for the ledger. */
void turn_outcome(struct turn *turn, const char *outcome, const char *refusal);

#endif
