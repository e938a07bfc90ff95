/* SPDX-License-Identifier: Apache-2.0 */
/* migrate: brings a database to the schema this program was built for.
 *
 * Migrations are numbered, forward-only and embedded in the program; each runs
 * in its own transaction under an advisory lock with a lock_timeout, and its
 * SHA-256 is recorded.  A recorded checksum that differs from the embedded one
 * stops everything: somebody edited history.
 *
 * Routines (sql/functions, sql/views) follow them: `create or replace` texts that
 * may be edited.  Those whose text differs from the one recorded are made anew,
 * all in one transaction, so nobody sees half of them. */
#ifndef STORE_MIGRATE_H
#define STORE_MIGRATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct migration {
    int number;
    const char *name; /* "0001_schema" */
    const char *sql;
};

struct routine {
    const char *name; /* "functions/order_reason" */
    const char *sql;
};

extern const char MIGRATION_ROLES[]; /* sql/roles.sql: idempotent */
extern const struct migration MIGRATIONS[];
extern const size_t MIGRATION_COUNT;
extern const struct routine ROUTINES[]; /* functions by name, then views by name */
extern const size_t ROUTINE_COUNT;

/* The highest number this program knows. */
int migrate_latest(void);
/* Applies what is missing and says so on out; dry_run only says.  false after
 * an error, which error (one line) names. */
bool migrate_run(const char *conninfo, bool dry_run, FILE *out, char *error, size_t error_size);

#endif
