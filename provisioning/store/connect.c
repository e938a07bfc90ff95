/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what there is to say, not the connection that it is said on. */
#include "store/connect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "store/session.h"
#include "store/setup.h"

#define ALONE_MS       INT64_C(10000) /* the only server there is gets this long */
#define FIRST_MS       INT64_C(2000)  /* several get this long together, and longer when all were silent */
#define LATER_MS       INT64_C(5000)
#define PATIENT_TRY    4 /* each so many-th try gets LATER_MS */
#define LISTS          3
#define NAME_MAX_BYTES 64 /* PostgreSQL's names are shorter */

/* What libpq reads as lists, one entry for each server. */
static const char *const LIST_NAMES[LISTS] = {"host", "hostaddr", "port"};

struct connect {
    char *conninfo, *role, *application, *listen;
    int64_t query_ms;
    bool durable;
    enum setup_plans plans;
    char *lists[LISTS]; /* as given, NULL: not given */
    size_t count, turn; /* servers; by how many the lists are turned */
    size_t tries;       /* in a row that were of no use */
    size_t silent;      /* tries in a row that met nobody but a silent server */
};

struct connect *connect_new(const struct session_options *options)
{
    struct connect *connect = heap_alloc(sizeof *connect);
    connect->conninfo = heap_strdup(options->conninfo == NULL ? "" : options->conninfo);
    connect->role = heap_strdup(options->role);
    connect->application = heap_strdup(options->application);
    connect->listen = heap_strdup(options->listen);
    connect->query_ms = options->query_ms;
    connect->durable = options->durable;
    connect->plans = options->plans;
    connect->count = 1;
    return connect;
}

static void lists_clear(struct connect *connect)
{
    for (size_t i = 0; i < LISTS; i++) {
        free(connect->lists[i]);
        connect->lists[i] = NULL;
    }
}

void connect_free(struct connect **pointer)
{
    struct connect *connect = *pointer;
    if (connect == NULL)
        return;
    *pointer = NULL;
    lists_clear(connect);
    free(connect->conninfo);
    free(connect->role);
    free(connect->application);
    free(connect->listen);
    free(connect);
}

static size_t list_count(const char *list)
{
    size_t count = 1;
    for (; list != NULL && *list != '\0'; list++)
        count += *list == ',';
    return count;
}

char *connect_turned(const char *list, size_t by)
{
    const char *at = list;
    size_t size = strlen(list) + 2;
    char *turned = heap_alloc(size);

    for (by %= list_count(list); by > 0; by--)
        at = strchr(at, ',') + 1;
    if (at == list)
        snprintf(turned, size, "%s", list);
    else
        snprintf(turned, size, "%s,%.*s", at, (int)(at - list - 1), list);
    return turned;
}

/* The lists that conninfo, service file and environment come to; a service file may change. */
static void lists_learn(struct connect *connect, PGconn *conn)
{
    PQconninfoOption *options = PQconninfo(conn);
    lists_clear(connect);
    for (const PQconninfoOption *option = options; option != NULL && option->keyword != NULL; option++)
        for (size_t i = 0; i < LISTS; i++)
            if (strcmp(option->keyword, LIST_NAMES[i]) == 0 && option->val != NULL && option->val[0] != '\0')
                connect->lists[i] = heap_strdup(option->val);
    connect->count = list_count(connect->lists[1] != NULL ? connect->lists[1] : connect->lists[0]);
    PQconninfoFree(options);
}

PGconn *connect_start(struct connect *connect)
{
    const char *keys[8 + LISTS], *values[8 + LISTS];
    char *turned[LISTS] = {NULL};
    int n = 0;
    /* What comes later wins: down to the database these are defaults only, though a service file's do not win. */
    if (getenv("PGUSER") == NULL && connect->role != NULL)
        keys[n] = "user", values[n++] = connect->role;
    /* A server that is cut off is known to be gone after that long, also while nothing is asked. */
    keys[n] = "tcp_user_timeout", values[n++] = "5000";
    keys[n] = "keepalives_idle", values[n++] = "5";
    keys[n] = "keepalives_interval", values[n++] = "2";
    if (connect->conninfo[0] != '\0')
        keys[n] = "dbname", values[n++] = connect->conninfo;
    for (size_t i = 0; connect->turn > 0 && i < LISTS; i++)
        if (connect->lists[i] != NULL) {
            turned[i] = connect_turned(connect->lists[i], connect->turn);
            keys[n] = LIST_NAMES[i], values[n++] = turned[i];
        }
    keys[n] = "application_name", values[n++] = connect->application;
    keys[n] = "client_encoding", values[n++] = "UTF8";
    keys[n] = NULL, values[n] = NULL;
    PGconn *conn = PQconnectStartParams(keys, values, 1);
    if (conn == NULL)
        abort(); /* out of memory */
    for (size_t i = 0; i < LISTS; i++)
        free(turned[i]);
    if (connect->turn == 0)
        lists_learn(connect, conn);
    return conn;
}

int64_t connect_limit_ms(const struct connect *connect)
{
    if (connect->count == 1)
        return ALONE_MS;
    /* Slow is not dead: now and then the silent one gets time, however quickly the others refuse. */
    if (connect->tries % PATIENT_TRY == PATIENT_TRY - 1)
        return LATER_MS;
    size_t rounds = connect->silent / connect->count;
    return rounds > 1 ? LATER_MS : FIRST_MS << rounds;
}

/* Whether the i-th server of a list is this one; a list of one entry is meant for all servers. */
static bool list_names(const char *list, size_t i, const char *entry)
{
    if (list == NULL)
        return true;
    for (i = list_count(list) > 1 ? i : 0; i > 0; i--)
        list = strchr(list, ',') + 1;
    size_t len = strcspn(list, ",");
    return len == strlen(entry) && memcmp(list, entry, len) == 0;
}

void connect_elsewhere(struct connect *connect, const PGconn *conn)
{
    const char *host = PQhost(conn), *port = PQport(conn);
    const char *hosts = connect->lists[0] != NULL ? connect->lists[0] : connect->lists[1];

    connect->tries++;
    for (size_t i = 0; i < connect->count; i++)
        if (list_names(hosts, i, host) && list_names(connect->lists[2], i, port)) {
            connect->silent += i == connect->turn;
            connect->turn = (i + 1) % connect->count;
            return;
        }
}

void connect_done(struct connect *connect)
{
    connect->silent = 0;
    connect->tries = 0;
}

bool connect_set_up(const struct connect *connect, PGconn *conn)
{
    char sql[SETUP_MAX + 2 * NAME_MAX_BYTES];
    setup_statements(sql, connect->query_ms, connect->plans);
    if (connect->listen != NULL) {
        char *channel = PQescapeIdentifier(conn, connect->listen, strlen(connect->listen));
        size_t used = strlen(sql);
        if (channel == NULL)
            return false;
        snprintf(sql + used, sizeof sql - used, "; listen %s", channel);
        PQfreemem(channel);
    }
    return PQsetnonblocking(conn, 1) == 0 && PQsendQuery(conn, sql) == 1;
}

bool connect_good(const struct connect *connect, const PGresult *result, char why[ROWS_ERROR_MAX])
{
    if (!connect->durable || PQresultStatus(result) != PGRES_TUPLES_OK || PQfnumber(result, "fsync") < 0)
        return true;
    for (int column = 0; column < PQnfields(result); column++)
        if (strcmp(PQgetvalue(result, 0, column), "off") == 0) {
            snprintf(why, ROWS_ERROR_MAX,
                     "%s is off on this server, so an acknowledged order could be lost: switch it on",
                     PQfname(result, column));
            return false;
        }
    return true;
}
