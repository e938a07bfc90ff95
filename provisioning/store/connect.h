/* SPDX-License-Identifier: Apache-2.0 */
/* connect: what a session says when it connects, and which of several servers it asks first.
 *
 * A database may be named with several servers (host=a,b target_session_attrs=read-write).  libpq
 * asks them in their order and goes on at once from one that refuses, but it waits for one that
 * says nothing as long as the network does.  So whoever was silent is asked last from then on. */
#ifndef STORE_CONNECT_H
#define STORE_CONNECT_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/rows.h"

struct connect;

struct connect *connect_new(const struct session_options *options);
void connect_free(struct connect **connect);
/* A connection on its way, never NULL; its state may be bad already. */
PGconn *connect_start(struct connect *connect);
/* How long a try may take until it is given up. */
int64_t connect_limit_ms(const struct connect *connect);
/* The server that conn has got to said nothing in time, or does not write: it is asked last from now on. */
void connect_elsewhere(struct connect *connect, const PGconn *conn);
/* conn is of use. */
void connect_done(struct connect *connect);
/* Sends the statement that makes a new connection ours; false: it could not be sent. */
bool connect_set_up(const struct connect *connect, PGconn *conn);
/* What that statement answered: false when a commit may vanish on this server, and why. */
bool connect_good(const struct connect *connect, const PGresult *result, char why[ROWS_ERROR_MAX]);

/* "a,b,c" turned by one is "b,c,a"; the caller frees it. */
char *connect_turned(const char *list, size_t by);

#endif
