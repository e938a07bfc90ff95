/* SPDX-License-Identifier: Apache-2.0 */
/* session: one asynchronous PostgreSQL connection with a queue of statements.
 *
 * The caller's event loop watches session_fd() for session_events() and calls
 * session_step().  Statements run one after another in their order, each as its
 * own transaction; each is answered exactly once, with rows or with a failure.
 * A lost connection fails the running statement with ROWS_DOWN (it may or may
 * not have been committed) and is opened again by itself with a backoff; the
 * waiting ones are sent then, or fail with ROWS_NOT_SENT when their time is up.
 *
 * On connect the session pins search_path, UTC, and a durable
 * synchronous_commit; a durable session turns a server away that has fsync,
 * full_page_writes or synchronous_commit off.  A statement whose rows a migration
 * has widened meanwhile is prepared again.  A commit whose wait for the synchronous standby was
 * cancelled arrives as a mere warning from the server: it is reported as
 * ROWS_NOT_DURABLE, never as success. */
#ifndef STORE_SESSION_H
#define STORE_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "store/params.h"
#include "store/setup.h"

/* Made by the build from sql/query/NAME.sql. */
struct query {
    const char *name;
    const char *sql;
};

enum rows_status {
    ROWS_OK,
    ROWS_ERROR,       /* the server refused the statement: see sqlstate */
    ROWS_DOWN,        /* connection lost or timed out while it ran: outcome unknown */
    ROWS_NOT_SENT,    /* never reached the server */
    ROWS_NOT_DURABLE, /* committed here, but not where it was promised */
};

struct rows; /* valid during the callback only */

typedef void session_done_fn(void *ctx, const struct rows *rows);
typedef void session_notify_fn(void *ctx, const char *channel);

struct session_options {
    const char *conninfo;    /* the configuration's "database" */
    const char *role;        /* user name when conninfo and PGUSER name none: "bridge_worker" */
    const char *application; /* shown in pg_stat_activity */
    const char *listen;      /* channel to LISTEN on; NULL: none */
    session_notify_fn *notify;
    void *notify_ctx;
    enum setup_plans plans;
    int64_t query_ms;          /* a statement is given up after that; 0: setup.h's */
    bool durable;              /* only servers that keep what they have committed */
    const struct clock *clock; /* borrowed */
};

struct session *session_open(const struct session_options *options);
/* Fails what is queued (ROWS_NOT_SENT, ROWS_DOWN for the running one), closes. */
void session_close(struct session **session);

int session_fd(const struct session *session);       /* -1 while there is none */
short session_events(const struct session *session); /* POLLIN | POLLOUT */
/* Makes progress after poll or a timeout; runs callbacks. */
void session_step(struct session *session);
/* Milliseconds until session_step is due without any event; -1: none. */
int64_t session_wait_ms(const struct session *session);
bool session_ready(const struct session *session); /* connected */
bool session_tried(const struct session *session); /* it is, or it is known why not */
/* Why the last server was turned away; NULL: it was not, or another one was good since. */
const char *session_refusal(const struct session *session);
bool session_idle(const struct session *session); /* nothing queued or running */
/* Queues a statement.  params is taken over and cleared.  timeout_ms counts
 * from now, waiting included; a running statement past it ends the connection. */
void session_submit(struct session *session, const struct query *query, struct params *params, int64_t timeout_ms,
                    session_done_fn *done, void *ctx);
/* Sends the first waiting statement if the server is free.  For a done function that has work of its own to do with
 * its answer: the server need not wait for that. */
void session_send(struct session *session);
/* Blocking: submits, steps until answered, calls done.  For programs without a
 * loop and for the fence. */
void session_run(struct session *session, const struct query *query, struct params *params, int64_t timeout_ms,
                 session_done_fn *done, void *ctx);
/* Blocking: steps until everything submitted has been answered. */
void session_drain(struct session *session);

enum rows_status rows_status(const struct rows *rows);
const char *rows_sqlstate(const struct rows *rows); /* "" unless ROWS_ERROR */
const char *rows_error(const struct rows *rows);    /* one line for the log, "" when OK */
int rows_count(const struct rows *rows);
/* By column name: a name that is not there is our own mistake and asserts. */
bool rows_null(const struct rows *rows, int row, const char *column);
const char *rows_text(const struct rows *rows, int row, const char *column); /* NULL for SQL null */
int64_t rows_int(const struct rows *rows, int row, const char *column);      /* 0 for SQL null */
bool rows_bool(const struct rows *rows, int row, const char *column);

/* For whoever prints rows without knowing their columns. */
enum rows_kind { ROWS_TEXT, ROWS_NUMBER, ROWS_ID, ROWS_DECIMAL, ROWS_BOOL, ROWS_TIME, ROWS_JSON };
int rows_width(const struct rows *rows);
const char *rows_name(const struct rows *rows, int column);
enum rows_kind rows_kind(const struct rows *rows, int column);       /* ROWS_ID: bigint; days are text */
const char *rows_cell(const struct rows *rows, int row, int column); /* NULL for SQL null */

#endif
