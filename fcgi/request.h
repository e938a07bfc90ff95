/* SPDX-License-Identifier: Apache-2.0 */
/* request: one HTTP request as nginx hands it over, with a ceiling on
 * everything that outsiders can fill.
 *
 * A request is an object, not a thread: whoever cannot answer at once keeps the
 * pointer and answers later (fcgi/reply.h), exactly once. */
#ifndef FCGI_REQUEST_H
#define FCGI_REQUEST_H

#include <fcgiapp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/config.h"
#include "fcgi/loop.h"
#include "order/request.h"

#define REQUEST_BODY_MAX    ((size_t)64 * 1024)
#define REQUEST_PARAMS_MAX  200                 /* parameters, nginx's own included */
#define REQUEST_HEAD_MAX    ((size_t)48 * 1024) /* bytes of all parameters */
#define REQUEST_PATH_MAX    ((size_t)512)
#define REQUEST_DISCARD_MAX ((size_t)1024 * 1024) /* surplus read away to keep a connection */

/* The parameters that anyone here looks at. */
enum head {
    HEAD_METHOD,
    HEAD_URI,
    HEAD_QUERY,
    HEAD_ADDRESS,
    HEAD_CONTENT_TYPE,
    HEAD_CONTENT_LENGTH,
    HEAD_AUTHORIZATION,
    HEAD_ACCEPT,
    HEAD_IF_NONE_MATCH,
    HEAD_WEBHOOK_ID,
    HEAD_WEBHOOK_TIMESTAMP,
    HEAD_WEBHOOK_SIGNATURE,
    HEAD_HUB_SIGNATURE,
    HEAD_STRIPE_SIGNATURE,
    HEAD_UPMIND_SIGNATURE,
    HEAD_BLESTA_EVENT,
    HEAD_COUNT
};

enum request_phase {
    REQUEST_FREE, /* no connection */
    REQUEST_IDLE, /* a kept connection on which nothing is asked */
    REQUEST_BUSY, /* somebody owes it an answer */
};

struct door;
struct front;
struct latency;
struct route;

struct request {
    FCGX_Request fcgi;
    struct door *door;
    struct watch watch;
    enum request_phase phase;
    struct request *next_free;
    struct request *next_made;

    /* From here on: of the request being served. */
    struct front *front;
    struct latency *latency; /* where its answer is counted; NULL: nowhere */
    const struct route *route;
    const char *rest;  /* of the path, behind the route's */
    const char *actor; /* the token's name and its scopes, once it is permitted */
    const char *scopes;
    struct config *config; /* the one it began with, held until it is answered */
    struct arena arena;
    int64_t began_us;
    const char *params[HEAD_COUNT]; /* NULL: absent; the first when doubled */
    int times[HEAD_COUNT];          /* how often it came */
    const char *path;               /* of the request target, without the query; never NULL */
    const char *body;               /* NUL behind it */
    size_t body_len;
    struct problem problem;  /* status 0: read well */
    bool spoilt;             /* the connection cannot be kept */
    int wait_s;              /* of a "Prefer: wait" that is honoured; 0: none */
    void (*left)(void *ctx); /* once, when the peer has left while it waits (door_mind); NULL: nobody minds */
    void *left_ctx;
};

/* Reads parameters and body of a freshly accepted request; what is wrong with
 * them goes into problem.  false: the peer is gone, nobody can be answered. */
bool request_read(struct request *request);
/* Lets go of all that belongs to the request being served. */
void request_clear(struct request *request);
/* The value of "name=" in the query string, not decoded; NULL: absent. */
const char *request_query(struct request *request, const char *name);
int64_t request_now_us(void);

#endif
