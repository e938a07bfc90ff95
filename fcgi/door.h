/* SPDX-License-Identifier: Apache-2.0 */
/* door: the listening socket, the connections from nginx and the request
 * objects that travel on them.
 *
 * One thread serves them all: libfcgi reads and writes one request at a time,
 * and between request and answer, and between two requests, a connection costs
 * an object and nothing else. */
#ifndef FCGI_DOOR_H
#define FCGI_DOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "fcgi/loop.h"
#include "fcgi/request.h"

#define DOOR_ERROR_MAX 256

/* Gets each request once, read and BUSY; must see to it that it is answered. */
typedef void door_handle_fn(void *ctx, struct request *request);
typedef void door_left_fn(void *ctx);

struct door_options {
    struct loop *loop; /* borrowed */
    const char *path;  /* of the unix socket; NULL: passed */
    int passed;        /* a listening socket that others may share and that is not ours to remove */
    mode_t mode;       /* of the socket file */
    door_handle_fn *handle;
    void *ctx;
};

/* Takes over a socket file that nobody listens on any more; one in use is an
 * error.  NULL and a text in error. */
struct door *door_open(const struct door_options *options, char error[DOOR_ERROR_MAX]);
/* Closes all connections, answered or not, and removes our socket file. */
void door_close(struct door **door);

/* The answer is written, or nobody wants one: sends what there is, and keeps or closes the connection. */
void door_finish(struct request *request);
/* From now on left(ctx) is called, at most once, when the peer has hung up or
 * taken its request back before the answer; it ends with door_finish. */
void door_mind(struct request *request, door_left_fn *left, void *ctx);
/* No more new connections, no more kept ones; what is asked is still answered. */
void door_drain(struct door *door);
/* About once a second: takes up accepting again after descriptors ran out. */
void door_tick(struct door *door);
size_t door_busy(const struct door *door); /* requests that wait for an answer */

#endif
