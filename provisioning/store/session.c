/* SPDX-License-Identifier: Apache-2.0 */
/* One asynchronous connection and the queue of statements behind it.
 *
 * This is the narrow door to libpq: beside it only connect.c, rows.c and migrate.c use it.  It
 * owns the connection and the queued jobs; it never retries a statement, because
 * only the caller knows whether that is safe.  A crash loses what is queued: no
 * caller may have told anybody that it was done. */
#include "store/session.h"

#include <assert.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/text.h"
#include "store/connect.h"
#include "store/rows.h"

#define RECONNECT_MIN_MS 100
#define RECONNECT_MAX_MS 1000
#define PREPARED_MAX     64
#define NAME_MAX_BYTES   64 /* PostgreSQL's names are shorter */

enum phase { PHASE_DOWN, PHASE_CONNECTING, PHASE_SETUP, PHASE_READY };

struct job {
    struct job *next;
    const struct query *query;
    struct params params;
    int64_t deadline_ms;
    session_done_fn *done;
    void *ctx;
};

struct session {
    struct connect *connect;
    char *application;
    session_notify_fn *notify;
    void *notify_ctx;
    const struct clock *clock;
    PGconn *conn;
    enum phase phase;
    PostgresPollingStatusType polling;
    int64_t retry_at_ms, connect_by_ms, retry_ms;
    struct job *first, **last;
    int64_t due_ms; /* no job's time is up before */
    bool running;   /* the first job is at the server */
    bool preparing; /* its answer will be that of a PREPARE */
    bool not_durable;
    PGresult *result;             /* of the running job */
    char dropped[ROWS_ERROR_MAX]; /* why the connection was last lost or not to be had */
    char refused[ROWS_ERROR_MAX]; /* why the server was sent away last, "" once one was good */
    const struct query *prepared[PREPARED_MAX];
    size_t prepared_count;
    unsigned prepared_round; /* part of their names: a stale one is not prepared again under its old name */
};

static int64_t now_ms(const struct session *session)
{
    return clock_boot_ms(session->clock);
}

static void error_line(char out[ROWS_ERROR_MAX], const char *text)
{
    snprintf(out, ROWS_ERROR_MAX, "%s", text == NULL ? "" : text);
    out[strcspn(out, "\n")] = '\0';
}

/* Hands a job, which is in no queue any more, its answer and forgets it. */
static void job_end(struct job *job, const struct rows *rows)
{
    if (job->done != NULL)
        job->done(job->ctx, rows);
    else if (rows->status != ROWS_OK)
        log_warn("db.statement_failed", log_str("query", job->query->name), log_str("reason", rows->error));
    params_clear(&job->params);
    free(job);
}

/* Takes a job out of the queue; at points to it. */
static struct job *job_take(struct session *session, struct job **at)
{
    struct job *job = *at;
    *at = job->next;
    if (session->last == &job->next)
        session->last = at;
    return job;
}

/* The first job's answer. */
static void job_finish(struct session *session, enum rows_status status, const char *error)
{
    struct rows rows = {.status = status, .result = session->result};
    PGresult *result = session->result;

    session->result = NULL;
    session->running = false;
    session->preparing = false;
    error_line(rows.error, error);
    if (status == ROWS_ERROR) {
        const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
        snprintf(rows.sqlstate, sizeof rows.sqlstate, "%s", state == NULL ? "XX000" : state);
    }
    job_end(job_take(session, &session->first), &rows);
    PQclear(result);
}

/* Ends the connection; the running job's outcome is unknown. */
static void session_drop(struct session *session, const char *why)
{
    char error[ROWS_ERROR_MAX];
    error_line(error, why);
    if (session->phase == PHASE_READY)
        log_warn("db.lost", log_str("application", session->application), log_str("reason", error));
    else if (session->retry_ms == RECONNECT_MIN_MS)
        log_warn("db.unreachable", log_str("application", session->application), log_str("reason", error));
    PQfinish(session->conn);
    session->conn = NULL;
    session->phase = PHASE_DOWN;
    error_line(session->dropped, error);
    session->prepared_count = 0;
    session->retry_at_ms = now_ms(session) + session->retry_ms;
    session->retry_ms = session->retry_ms * 2 > RECONNECT_MAX_MS ? RECONNECT_MAX_MS : session->retry_ms * 2;
    if (session->running)
        job_finish(session, ROWS_DOWN, error);
}

/* A cancelled wait for the synchronous standby is announced by a warning only;
 * the function's name is the part of it that is never translated. */
static void notice_received(void *ctx, const PGresult *result)
{
    struct session *session = ctx;
    const char *function = PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION);
    if (function != NULL && strcmp(function, "SyncRepWaitForLSN") == 0)
        session->not_durable = true;
}

/* A server that does not answer: if there is another one, it is asked first. */
static void session_give_up(struct session *session, const char *why)
{
    connect_elsewhere(session->connect, session->conn);
    session_drop(session, why);
}

static void session_connect(struct session *session)
{
    session->conn = connect_start(session->connect);
    if (PQstatus(session->conn) == CONNECTION_BAD) {
        session_drop(session, PQerrorMessage(session->conn));
        return;
    }
    PQsetNoticeReceiver(session->conn, notice_received, session);
    session->phase = PHASE_CONNECTING;
    session->polling = PGRES_POLLING_WRITING;
    session->connect_by_ms = now_ms(session) + connect_limit_ms(session->connect);
}

static void session_set_up(struct session *session)
{
    session->phase = PHASE_SETUP;
    if (!connect_set_up(session->connect, session->conn))
        session_drop(session, PQerrorMessage(session->conn));
}

static bool fd_ready(int fd, short events)
{
    struct pollfd wait = {.fd = fd, .events = events};
    return poll(&wait, 1, 0) > 0;
}

static void step_connecting(struct session *session)
{
    short want = session->polling == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (fd_ready(PQsocket(session->conn), want))
        session->polling = PQconnectPoll(session->conn);
    if (session->polling == PGRES_POLLING_OK)
        session_set_up(session);
    else if (session->polling == PGRES_POLLING_FAILED)
        session_drop(session, PQerrorMessage(session->conn));
    else if (now_ms(session) >= session->connect_by_ms)
        session_give_up(session, "no connection within the time limit");
}

static void session_refuse(struct session *session)
{
    log_error("db.refused", log_str("application", session->application), log_str("reason", session->refused));
    session_drop(session, session->refused);
}

static void step_setup(struct session *session)
{
    while (!PQisBusy(session->conn)) {
        PGresult *result = PQgetResult(session->conn);
        if (result == NULL) {
            session->phase = PHASE_READY;
            session->retry_ms = RECONNECT_MIN_MS;
            connect_done(session->connect);
            session->refused[0] = '\0';
            log_info("db.connected", log_str("application", session->application),
                     log_str("user", PQuser(session->conn)));
            return;
        }
        bool bad = PQresultStatus(result) == PGRES_FATAL_ERROR;
        bool good = connect_good(session->connect, result, session->refused);
        PQclear(result);
        if (!good) {
            session_refuse(session);
            return;
        }
        if (bad) {
            session_drop(session, PQerrorMessage(session->conn));
            return;
        }
    }
    if (now_ms(session) >= session->connect_by_ms)
        session_give_up(session, "no connection within the time limit");
}

static bool query_is_prepared(const struct session *session, const struct query *query)
{
    for (size_t i = 0; i < session->prepared_count; i++)
        if (session->prepared[i] == query)
            return true;
    return false;
}

static bool job_send(struct session *session)
{
    struct job *job = session->first;
    const char *values[PARAMS_MAX];
    int lengths[PARAMS_MAX], formats[PARAMS_MAX];
    char name[NAME_MAX_BYTES];

    snprintf(name, sizeof name, "%s/%u", job->query->name, session->prepared_round);
    session->running = true;
    session->not_durable = false;
    session->preparing = !query_is_prepared(session, job->query);
    if (session->preparing)
        return PQsendPrepare(session->conn, name, job->query->sql, 0, NULL) == 1;
    for (size_t i = 0; i < job->params.count; i++) {
        const struct param *param = &job->params.items[i];
        values[i] = param->null ? NULL : param->data;
        lengths[i] = (int)param->len;
        formats[i] = param->array;
    }
    return PQsendQueryPrepared(session->conn, name, (int)job->params.count, values, lengths, formats, 0) == 1;
}

/* The running job is about to be prepared or sent once more. */
static void job_rewind(struct session *session)
{
    PQclear(session->result);
    session->result = NULL;
    session->running = false;
}

/* The server has said all it has to say about the running job. */
static void job_answered(struct session *session)
{
    ExecStatusType status = PQresultStatus(session->result);
    bool good = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;

    if (PQstatus(session->conn) == CONNECTION_BAD) {
        session_drop(session, PQerrorMessage(session->conn));
    } else if (!good && !session->preparing && result_is_stale_plan(session->result)) {
        session->prepared_count = 0;
        session->prepared_round++;
        job_rewind(session);
    } else if (!good) {
        /* Class 57: the server is going away; what became of a commit is unknown.  25006: it does not write. */
        const char *state = PQresultErrorField(session->result, PG_DIAG_SQLSTATE);
        const char *text = PQresultErrorField(session->result, PG_DIAG_MESSAGE_PRIMARY);
        if (state != NULL && strncmp(state, "57P", 3) == 0)
            session_drop(session, text);
        else if (state != NULL && strcmp(state, "25006") == 0)
            session_give_up(session, text);
        else
            job_finish(session, ROWS_ERROR, text);
    } else if (session->preparing) {
        assert(session->prepared_count < PREPARED_MAX);
        session->prepared[session->prepared_count++] = session->first->query;
        job_rewind(session);
    } else {
        job_finish(session, session->not_durable ? ROWS_NOT_DURABLE : ROWS_OK,
                   session->not_durable ? "the wait for the synchronous standby was cancelled" : NULL);
    }
}

static void step_notifies(struct session *session)
{
    for (PGnotify *notify; session->conn != NULL && (notify = PQnotifies(session->conn)) != NULL;) {
        if (session->notify != NULL)
            session->notify(session->notify_ctx, notify->relname);
        PQfreemem(notify);
    }
}

void session_send(struct session *session)
{
    if (session->phase != PHASE_READY || session->running || session->first == NULL)
        return;
    if (job_send(session))
        (void)PQflush(session->conn);
    else
        session_drop(session, PQerrorMessage(session->conn));
}

static void step_ready(struct session *session)
{
    while (session->phase == PHASE_READY) {
        session_send(session);
        if (!session->running || PQflush(session->conn) < 0 || PQisBusy(session->conn))
            break;
        PGresult *result = PQgetResult(session->conn);
        if (result == NULL) {
            job_answered(session);
        } else {
            PQclear(session->result);
            session->result = result;
        }
    }
}

/* Jobs that waited too long, whoever stands in front of them; one at the server too long ends the connection. */
static void expire(struct session *session)
{
    int64_t now = now_ms(session);
    struct rows rows = {.status = ROWS_NOT_SENT};
    struct job **at;

    if (now < session->due_ms)
        return;
    if (session->running && now >= session->first->deadline_ms)
        session_give_up(session, "no answer within the time limit");
    error_line(rows.error, session->phase != PHASE_READY && session->dropped[0] != '\0'
                               ? session->dropped
                               : "the database could not be asked within the time limit");
    session->due_ms = session->running ? session->first->deadline_ms : INT64_MAX;
    for (at = session->running ? &session->first->next : &session->first; *at != NULL;) {
        if (now >= (*at)->deadline_ms) {
            job_end(job_take(session, at), &rows);
            continue;
        }
        if ((*at)->deadline_ms < session->due_ms)
            session->due_ms = (*at)->deadline_ms;
        at = &(*at)->next;
    }
}

void session_step(struct session *session)
{
    if (session->phase == PHASE_DOWN && now_ms(session) >= session->retry_at_ms)
        session_connect(session);
    if (session->phase == PHASE_CONNECTING)
        step_connecting(session);
    if (session->phase == PHASE_SETUP || session->phase == PHASE_READY) {
        if (PQconsumeInput(session->conn) != 1)
            session_drop(session, PQerrorMessage(session->conn));
        else if (session->phase == PHASE_SETUP)
            PQflush(session->conn), step_setup(session);
    }
    if (session->phase == PHASE_READY) {
        step_notifies(session);
        step_ready(session);
    }
    expire(session);
}

struct session *session_open(const struct session_options *options)
{
    struct session *session = heap_alloc(sizeof *session);
    session->connect = connect_new(options);
    session->application = heap_strdup(options->application);
    session->notify = options->notify;
    session->notify_ctx = options->notify_ctx;
    session->clock = options->clock;
    session->last = &session->first;
    session->due_ms = INT64_MAX;
    session->retry_ms = RECONNECT_MIN_MS;
    return session;
}

void session_close(struct session **pointer)
{
    struct session *session = *pointer;
    if (session == NULL)
        return;
    *pointer = NULL;
    if (session->running)
        job_finish(session, ROWS_DOWN, "closing");
    while (session->first != NULL)
        job_finish(session, ROWS_NOT_SENT, "closing");
    PQfinish(session->conn);
    connect_free(&session->connect);
    free(session->application);
    free(session);
}

int session_fd(const struct session *session)
{
    return session->conn == NULL ? -1 : PQsocket(session->conn);
}

short session_events(const struct session *session)
{
    if (session->phase == PHASE_CONNECTING)
        return session->polling == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (session->conn == NULL)
        return 0;
    /* PQflush says 1 while bytes wait for the socket. */
    return PQflush(session->conn) == 1 ? POLLIN | POLLOUT : POLLIN;
}

int64_t session_wait_ms(const struct session *session)
{
    int64_t now = now_ms(session), due = INT64_MAX;
    if (session->phase == PHASE_DOWN)
        due = session->retry_at_ms;
    else if (session->phase != PHASE_READY)
        due = session->connect_by_ms;
    if (session->first != NULL) {
        if (session->phase == PHASE_READY && !session->running)
            due = now;
        else if (session->due_ms < due)
            due = session->due_ms;
    }
    if (due == INT64_MAX)
        return -1;
    return due > now ? due - now : 0;
}

bool session_ready(const struct session *session)
{
    return session->phase == PHASE_READY;
}

bool session_tried(const struct session *session)
{
    return session->phase == PHASE_READY || session->dropped[0] != '\0';
}

const char *session_refusal(const struct session *session)
{
    return session->refused[0] != '\0' ? session->refused : NULL;
}

bool session_idle(const struct session *session)
{
    return session->first == NULL;
}

void session_submit(struct session *session, const struct query *query, struct params *params, int64_t timeout_ms,
                    session_done_fn *done, void *ctx)
{
    struct job *job = heap_alloc(sizeof *job);
    job->query = query;
    if (params != NULL) {
        job->params = *params;
        params->count = 0; /* the job owns the values now */
    }
    job->deadline_ms = now_ms(session) + timeout_ms;
    if (job->deadline_ms < session->due_ms)
        session->due_ms = job->deadline_ms;
    job->done = done;
    job->ctx = ctx;
    *session->last = job;
    session->last = &job->next;
}

void session_drain(struct session *session)
{
    for (;;) {
        session_step(session);
        if (session_idle(session))
            return;
        int64_t wait = session_wait_ms(session);
        struct pollfd fd = {.fd = session_fd(session), .events = session_events(session)};
        poll(&fd, 1, wait < 0 || wait > 1000 ? 1000 : (int)wait);
    }
}

void session_run(struct session *session, const struct query *query, struct params *params, int64_t timeout_ms,
                 session_done_fn *done, void *ctx)
{
    session_submit(session, query, params, timeout_ms, done, ctx);
    session_drain(session);
}
