/* SPDX-License-Identifier: Apache-2.0 */
/* schema: whether a program and a database go together.
 *
 * A database is migrated before the programs are exchanged, so for a while a
 * program meets a schema that is newer than it knows.  That is good as long as the
 * database says that it still serves such a program (bridge.schema_floor). */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include "store/session.h"

#define SCHEMA_REASON_MAX 160

enum schema_fit {
    SCHEMA_UNKNOWN, /* the database did not say */
    SCHEMA_FITS,
    SCHEMA_TOO_OLD, /* or none at all: bridgectl migrate */
    SCHEMA_TOO_NEW, /* the program is */
};

struct schema_view {
    enum schema_fit fit;
    int64_t version;                /* 0: not known */
    char reason[SCHEMA_REASON_MAX]; /* "" when it fits */
};

/* rows answers QUERY_SCHEMA_VERSION; program is the last migration it knows. */
void schema_judge(const struct rows *rows, int program, struct schema_view *view);

typedef void schema_read_fn(void *ctx, const struct schema_view *view);
/* Asks and judges for this program. */
void schema_read(struct session *session, int64_t timeout_ms, schema_read_fn *done, void *ctx);

#endif
