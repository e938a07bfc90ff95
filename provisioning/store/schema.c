/* SPDX-License-Identifier: Apache-2.0 */
/* schema: the one place that compares the number of a database with ours.
 *
 * Reads only and keeps nothing. */
#include "store/schema.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "query.h"
#include "store/migrate.h"

struct schema_wait {
    schema_read_fn *done;
    void *ctx;
};

/* No schema, or one from before the question could be asked. */
static bool state_is_old(const char *sqlstate)
{
    return strcmp(sqlstate, "3F000") == 0 || strcmp(sqlstate, "42883") == 0;
}

static void view_set(struct schema_view *view, int64_t version, int64_t oldest, int program)
{
    view->version = version;
    view->fit = SCHEMA_FITS;
    if (version < program) {
        view->fit = SCHEMA_TOO_OLD;
        snprintf(view->reason, sizeof view->reason,
                 "the database has schema %" PRId64 ", this program needs %d: run bridgectl migrate", version, program);
    } else if (oldest > program) {
        view->fit = SCHEMA_TOO_NEW;
        snprintf(view->reason, sizeof view->reason,
                 "the database has schema %" PRId64 " and serves programs from %" PRId64 " on, this one is of %d",
                 version, oldest, program);
    }
}

void schema_judge(const struct rows *rows, int program, struct schema_view *view)
{
    *view = (struct schema_view){.fit = SCHEMA_UNKNOWN};
    if (rows_status(rows) == ROWS_OK && rows_count(rows) == 1) {
        view_set(view, rows_int(rows, 0, "version"), rows_int(rows, 0, "oldest_program"), program);
    } else if (rows_status(rows) == ROWS_ERROR && state_is_old(rows_sqlstate(rows))) {
        view_set(view, 0, 0, program);
        snprintf(view->reason, sizeof view->reason, "the database lacks what schema %d has: run bridgectl migrate",
                 program);
    } else {
        snprintf(view->reason, sizeof view->reason, "%s", rows_error(rows));
    }
}

static void schema_answered(void *ctx, const struct rows *rows)
{
    struct schema_wait *wait = ctx;
    struct schema_view view;

    schema_judge(rows, migrate_latest(), &view);
    if (view.fit == SCHEMA_UNKNOWN)
        log_warn("read.failed", log_str("read", "schema_version"), log_str("error", view.reason));
    wait->done(wait->ctx, &view);
    free(wait);
}

void schema_read(struct session *session, int64_t timeout_ms, schema_read_fn *done, void *ctx)
{
    struct schema_wait *wait = heap_alloc(sizeof *wait);

    *wait = (struct schema_wait){done, ctx};
    session_submit(session, &QUERY_SCHEMA_VERSION, NULL, timeout_ms, schema_answered, wait);
}
