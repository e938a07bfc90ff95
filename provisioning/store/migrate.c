/* SPDX-License-Identifier: Apache-2.0 */
/* Applies the embedded migrations, one transaction each.
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

static void migration_checksum(const struct migration *migration, char hex[2 * DIGEST_SIZE + 1])
{
    unsigned char digest[DIGEST_SIZE];
    digest_sha256(migration->sql, strlen(migration->sql), digest);
    text_hex(digest, sizeof digest, hex);
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
    char have[2 * DIGEST_SIZE + 1], want[2 * DIGEST_SIZE + 1], table[64], number[16];
    *done = false;
    if (!migrate_ask(m, "select to_regclass('bridge.schema_migration')", NULL, table, sizeof table))
        return false;
    if (table[0] == '\0')
        return true;
    snprintf(number, sizeof number, "%d", migration->number);
    if (!migrate_ask(m, "select sha256 from bridge.schema_migration where number = $1::int", number, have, sizeof have))
        return false;
    if (have[0] == '\0')
        return true;
    migration_checksum(migration, want);
    if (strcmp(have, want) != 0) {
        snprintf(m->error, m->error_size, "migration %s was applied with another text (checksum differs)",
                 migration->name);
        return false;
    }
    *done = true;
    return true;
}

static bool migration_apply(struct migrate *m, const struct migration *migration)
{
    char hex[2 * DIGEST_SIZE + 1], number[16];
    migration_checksum(migration, hex);
    snprintf(number, sizeof number, "%d", migration->number);
    if (!migrate_exec(m, "begin; set local lock_timeout = '5s'", migration->name) ||
        !migrate_exec(m, migration->sql, migration->name))
        goto undo;
    const char *values[] = {number, migration->name, hex};
    PGresult *result =
        PQexecParams(m->conn, "insert into bridge.schema_migration (number, name, sha256) values ($1::int, $2, $3)", 3,
                     NULL, values, NULL, NULL, 0);
    bool kept = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    if (!kept) {
        migrate_fail(m, migration->name);
        goto undo;
    }
    return migrate_exec(m, "commit", migration->name);
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
    return true;
}

bool migrate_run(const char *conninfo, bool dry_run, FILE *out, char *error, size_t error_size)
{
    struct migrate m = {.conn = PQconnectdb(conninfo), .out = out, .error = error, .error_size = error_size};
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
