/* SPDX-License-Identifier: Apache-2.0 */
/* Notices to the panels at a shell: which wait, which are dead letters, and
 * sending them again, which is kept like everything an operator does. */
#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/text.h"
#include "ctl/ctl.h"
#include "ctl/output.h"
#include "query.h"

#define ROWS_DEFAULT 50
#define ALL_DEAD     "dead"

static const struct column callback_columns[] = {
    {"callback_id", COLUMN_COUNT}, {"source", COLUMN_TEXT},       {"type", COLUMN_TEXT},
    {"order_id", COLUMN_COUNT},    {"state", COLUMN_TEXT},        {"attempts", COLUMN_COUNT},
    {"next_try_at", COLUMN_TEXT},  {"last_status", COLUMN_COUNT}, {"last_error", COLUMN_TEXT},
    {"webhook_id", COLUMN_TEXT},   {"created_at", COLUMN_TEXT},
};

/* state and id NULL: any. */
static int callbacks_read(struct ctl *ctl, const char *state, const char *id, int64_t rows, struct table *table)
{
    struct params params;
    params_init(&params);
    params_text(&params, state);
    params_text(&params, ctl_option(ctl, "source"));
    params_text(&params, id);
    params_int(&params, rows);
    table_init(table, &ctl->arena, callback_columns, sizeof callback_columns / sizeof callback_columns[0]);
    return ctl_query(ctl, &QUERY_CTL_CALLBACKS, &params, table_add_rows, table);
}

static void resent_read(void *ctx, const struct rows *rows)
{
    *(int64_t *)ctx = rows_int(rows, 0, "resent");
}

static int callbacks_resend_run(struct ctl *ctl, const char *id, int64_t *resent)
{
    struct params params;
    params_init(&params);
    params_text(&params, ctl_actor(ctl));
    params_text(&params, id);
    params_text(&params, ctl_option(ctl, "source"));
    params_text(&params, ctl_option(ctl, "reason"));
    return ctl_query(ctl, &QUERY_OPERATOR_CALLBACK_RESEND, &params, resent_read, resent);
}

static int callbacks_resend(struct ctl *ctl, const char *what)
{
    bool all = text_same(what, ALL_DEAD);
    const char *id = all ? NULL : what;
    struct table table;
    int64_t number, resent = 0;
    int status = all ? EX_OK : ctl_number(ctl, "--resend", what, &number);

    if (status != EX_OK)
        return status;
    if (all != (ctl_option(ctl, "source") != NULL))
        return ctl_misuse(ctl, "--resend dead needs --source, --resend ID takes none");
    if ((status = callbacks_read(ctl, all ? "dead" : NULL, id, INT32_MAX, &table)) != EX_OK)
        return status;
    if (table.row_count == 0)
        return ctl_fail(EX_DATAERR, all ? "no dead letters of source %s" : "no notice %s",
                        all ? ctl_option(ctl, "source") : id);
    if (ctl_flag(ctl, "dry-run")) {
        printf("would send %zu notices again\n", table.row_count);
        return EX_OK;
    }
    if ((status = callbacks_resend_run(ctl, id, &resent)) != EX_OK)
        return status;
    if (resent == 0)
        return ctl_fail(EX_TEMPFAIL, "a worker is sending it just now: look at it again");
    printf("%" PRId64 " notices are sent again\n", resent);
    return EX_OK;
}

int callbacks_list(struct ctl *ctl)
{
    const char *limit = ctl_option(ctl, "limit"), *resend = ctl_option(ctl, "resend");
    bool dead = ctl_flag(ctl, "dead"), waiting = ctl_flag(ctl, "waiting");
    struct table table;
    int64_t rows = ROWS_DEFAULT;
    int status = limit == NULL ? EX_OK : ctl_number(ctl, "--limit", limit, &rows);

    if (status != EX_OK)
        return status;
    if (resend != NULL)
        return callbacks_resend(ctl, resend);
    if (dead && waiting)
        return ctl_misuse(ctl, "either --dead or --waiting");
    status = callbacks_read(ctl, dead ? "dead" : waiting ? "queued" : NULL, NULL, rows, &table);
    if (status == EX_OK)
        table_print(&table, ctl->json, stdout);
    return status;
}
