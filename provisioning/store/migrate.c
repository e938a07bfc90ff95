/* SPDX-License-Identifier: Apache-2.0 */
/* Applies the embedded migrations, one transaction each, then the routines.
 *
 * Uses a plain blocking connection of its own: it runs before anything else and
 * never beside it.  A crash in the middle leaves the last whole migration; the
 * next run goes on from there. */
#include "store/migrate.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "base/signature.h"
#include "base/text.h"

/* Any constant will do, as long as nobody else in the database uses it. */
#define MIGRATE_LOCK "7240724"

struct migrate {
    PGconn *conn;
    FILE *out;
    char *error;
    size_t error_size;
};

static bool migrate_fail(struct migrate *m, const char *what)
{
    const char *text = PQerrorMessage(m->conn);
    snprintf(m->error, m->error_size, "%s: %.*s", what, (int)strcspn(text, "\n"), text);
    return false;
}

static bool migrate_exec(struct migrate *m, const char *sql, const char *what)
{
    PGresult *result = PQexec(m->conn, sql);
    ExecStatusType status = PQresultStatus(result);
    PQclear(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ? true : migrate_fail(m, what);
}

/* The first column of the first row, "" when there is none; out has size bytes. */
static bool migrate_ask(struct migrate *m, const char *sql, const char *param, char *out, size_t size)
{
    PGresult *result = PQexecParams(m->conn, sql, param != NULL, NULL, &param, NULL, NULL, 0);
    bool ok = PQresultStatus(result) == PGRES_TUPLES_OK;
    snprintf(out, size, "%s", ok && PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "");
    PQclear(result);
    return ok ? true : migrate_fail(m, "asking the database");
}

int migrate_latest(void)
{
    return MIGRATIONS[MIGRATION_COUNT - 1].number;
}

static void sql_checksum(const char *sql, char hex[2 * DIGEST_SIZE + 1])
{
    unsigned char digest[DIGEST_SIZE];
    digest_sha256(sql, strlen(sql), digest);
    text_hex(digest, sizeof digest, hex);
}

/* The checksum recorded under key, "" when there is none or not even the table. */
static bool checksum_recorded(struct migrate *m, const char *table, const char *query, const char *key,
                              char have[2 * DIGEST_SIZE + 1])
{
    char there[64];
    have[0] = '\0';
    if (!migrate_ask(m, "select to_regclass($1)", table, there, sizeof there))
        return false;
    return there[0] == '\0' ? true : migrate_ask(m, query, key, have, 2 * DIGEST_SIZE + 1);
}

/* Writes down what was just made; query has $1 the name, $2 the checksum and, of a migration, $3 the number. */
static bool checksum_record(struct migrate *m, const char *query, const char *name, const char *sql, const char *number)
{
    char hex[2 * DIGEST_SIZE + 1];
    sql_checksum(sql, hex);
    const char *values[] = {name, hex, number};
    PGresult *result = PQexecParams(m->conn, query, number != NULL ? 3 : 2, NULL, values, NULL, NULL, 0);
    bool kept = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    return kept ? true : migrate_fail(m, name);
}

/* Roles need a right that the rest does not: they are made only by who may. */
static bool migrate_roles(struct migrate *m, bool dry_run)
{
    char missing[8], may[8];
    if (!migrate_ask(m,
                     "select 5 - count(*) from pg_roles where rolname in "
                     "('bridge_owner', 'bridge_intake', 'bridge_worker', 'bridge_ops', 'bridge_operator')",
                     NULL, missing, sizeof missing) ||
        !migrate_ask(m, "select rolsuper or rolcreaterole from pg_roles where rolname = current_user", NULL, may,
                     sizeof may))
        return false;
    if (strcmp(missing, "0") == 0 && strcmp(may, "t") != 0)
        return true;
    if (strcmp(may, "t") != 0) {
        snprintf(m->error, m->error_size, "%s roles are missing and this user may not create them: run sql/roles.sql",
                 missing);
        return false;
    }
    if (dry_run) {
        if (strcmp(missing, "0") != 0)
            fprintf(m->out, "would create %s roles\n", missing);
        return true;
    }
    return migrate_exec(m, MIGRATION_ROLES, "roles");
}

/* Applied with this very text: *done.  Another text: an error. */
static bool migration_state(struct migrate *m, const struct migration *migration, bool *done)
{
    char have[2 * DIGEST_SIZE + 1], want[2 * DIGEST_SIZE + 1], number[16];
    snprintf(number, sizeof number, "%d", migration->number);
    if (!checksum_recorded(m, "bridge.schema_migration",
                           "select sha256 from bridge.schema_migration where number = $1::int", number, have))
        return false;
    *done = have[0] != '\0';
    sql_checksum(migration->sql, want);
    if (*done && strcmp(have, want) != 0) {
        snprintf(m->error, m->error_size, "migration %s was applied with another text (checksum differs)",
                 migration->name);
        return false;
    }
    return true;
}

static bool migration_apply(struct migrate *m, const struct migration *migration)
{
    char number[16];
    snprintf(number, sizeof number, "%d", migration->number);
    if (migrate_exec(m, "begin; set local lock_timeout = '5s'", migration->name) &&
        migrate_exec(m, migration->sql, migration->name) &&
        checksum_record(m, "insert into bridge.schema_migration (name, sha256, number) values ($1, $2, $3::int)",
                        migration->name, migration->sql, number) &&
        migrate_exec(m, "commit", migration->name))
        return true;
    PQclear(PQexec(m->conn, "rollback"));
    return false;
}

static bool routine_apply(struct migrate *m, const struct routine *routine)
{
    return migrate_exec(m, routine->sql, routine->name) &&
           checksum_record(m,
                           "insert into bridge.schema_routine (name, sha256) values ($1, $2) "
                           "on conflict (name) do update set sha256 = excluded.sha256, applied_at = now()",
                           routine->name, routine->sql, NULL);
}

/* Bodies are not checked while they are made: functions name one another. */
static bool migrate_routines(struct migrate *m, bool dry_run)
{
    if (!migrate_exec(m, "begin; set local lock_timeout = '5s'; set local check_function_bodies = off", "routines"))
        return false;
    for (size_t i = 0; i < ROUTINE_COUNT; i++) {
        const struct routine *routine = &ROUTINES[i];
        char have[2 * DIGEST_SIZE + 1], want[2 * DIGEST_SIZE + 1];
        sql_checksum(routine->sql, want);
        if (!checksum_recorded(m, "bridge.schema_routine", "select sha256 from bridge.schema_routine where name = $1",
                               routine->name, have))
            goto undo;
        if (strcmp(have, want) == 0)
            continue;
        if (!dry_run && !routine_apply(m, routine))
            goto undo;
        fprintf(m->out, "%s %s\n", dry_run ? "would apply" : "applied", routine->name);
    }
    if (migrate_exec(m, "commit", "routines"))
        return true;
undo:
    PQclear(PQexec(m->conn, "rollback"));
    return false;
}

static bool migrate_all(struct migrate *m, bool dry_run)
{
    for (size_t i = 0; i < MIGRATION_COUNT; i++) {
        bool done;
        if (!migration_state(m, &MIGRATIONS[i], &done))
            return false;
        if (done)
            continue;
        if (!dry_run && !migration_apply(m, &MIGRATIONS[i]))
            return false;
        fprintf(m->out, "%s %s\n", dry_run ? "would apply" : "applied", MIGRATIONS[i].name);
    }
    return migrate_routines(m, dry_run);
}

/* A server that says nothing is given up after a while, so that the next one of several is asked. */
static PGconn *migrate_connect(const char *conninfo)
{
    const char *keys[] = {"connect_timeout", "dbname", NULL};
    const char *values[] = {"5", conninfo, NULL}; /* conninfo comes later: what it says wins */
    return PQconnectdbParams(keys, values, 1);
}

bool migrate_run(const char *conninfo, bool dry_run, FILE *out, char *error, size_t error_size)
{
    struct migrate m = {.conn = migrate_connect(conninfo), .out = out, .error = error, .error_size = error_size};
    bool ok = false;

    error[0] = '\0';
    if (PQstatus(m.conn) != CONNECTION_OK) {
        migrate_fail(&m, "connecting");
        goto out;
    }
    if (!migrate_exec(&m, "set client_min_messages = warning; set lock_timeout = '60s'", "connecting") ||
        !migrate_exec(&m, "select pg_advisory_lock(" MIGRATE_LOCK ")", "another migration is running") ||
        !migrate_roles(&m, dry_run))
        goto out;
    /* A dry run on an empty cluster has no owner to become. */
    if (!dry_run && !migrate_exec(&m, "set role bridge_owner", "becoming bridge_owner"))
        goto out;
    ok = migrate_all(&m, dry_run);
out:
    PQfinish(m.conn);
    return ok;
}
