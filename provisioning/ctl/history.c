/* SPDX-License-Identifier: Apache-2.0 */
/* What is no longer kept: old months of history, and who a service belonged to.
 *
 * Owns the two commands' words.  What may go is decided in the database, in the
 * transaction that drops it; a run that dies has dropped all of it or nothing. */
#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/text.h"
#include "ctl/ctl.h"
#include "ctl/output.h"
#include "query.h"

#define MONTHS_MAX 1200

static const struct column old_columns[] = {
    {"name", COLUMN_TEXT}, {"month", COLUMN_TEXT}, {"bytes", COLUMN_COUNT}, {"kept", COLUMN_TEXT}};
static const struct column dropped_columns[] = {{"name", COLUMN_TEXT}, {"month", COLUMN_TEXT}, {"bytes", COLUMN_COUNT}};

/* --keep, or the configuration's. */
static int months_kept(struct ctl *ctl, int64_t *months)
{
    const char *keep = ctl_option(ctl, "keep");
    int status = keep != NULL ? ctl_number(ctl, "--keep", keep, months) : ctl_load(ctl, false);

    if (status != EX_OK)
        return status;
    if (keep == NULL)
        *months = ctl->config->history_months;
    if (*months < 1 || *months > MONTHS_MAX)
        return keep != NULL ? ctl_misuse(ctl, "--keep: 1 to %d months", MONTHS_MAX)
                            : ctl_misuse(ctl, "history_months is not set: say how many months --keep");
    return EX_OK;
}

int history_prune(struct ctl *ctl)
{
    bool dry = ctl_flag(ctl, "dry-run");
    struct params params;
    struct table table;
    int64_t months = 0;
    int status = months_kept(ctl, &months);

    if (status != EX_OK)
        return status;
    params_init(&params);
    if (dry) {
        table_init(&table, &ctl->arena, old_columns, sizeof old_columns / sizeof old_columns[0]);
    } else {
        table_init(&table, &ctl->arena, dropped_columns, sizeof dropped_columns / sizeof dropped_columns[0]);
        params_text(&params, ctl_actor(ctl));
    }
    params_int(&params, months);
    status = ctl_query(ctl, dry ? &QUERY_HISTORY_MONTHS : &QUERY_HISTORY_PRUNE, &params, table_add_rows, &table);
    if (status == EX_OK)
        table_print(&table, ctl->json, stdout);
    return status;
}

struct forgotten {
    char outcome[16];
    int64_t orders;
};

static void forgotten_read(void *ctx, const struct rows *rows)
{
    struct forgotten *forgotten = ctx;
    snprintf(forgotten->outcome, sizeof forgotten->outcome, "%s", rows_text(rows, 0, "outcome"));
    forgotten->orders = rows_int(rows, 0, "orders");
}

int history_forget(struct ctl *ctl)
{
    const char *source = ctl_word(ctl, 0), *service = ctl_word(ctl, 1), *reason = ctl_option(ctl, "reason");
    struct forgotten forgotten = {0};
    struct params params;

    if (ctl_flag(ctl, "dry-run")) {
        printf("would forget who service %s of %s belonged to\n", service, source);
        return EX_OK;
    }
    params_init(&params);
    params_text(&params, ctl_actor(ctl));
    params_text(&params, source);
    params_text(&params, service);
    params_text(&params, reason);
    int status = ctl_query(ctl, &QUERY_OPERATOR_FORGET, &params, forgotten_read, &forgotten);
    if (status != EX_OK)
        return status;
    if (text_same(forgotten.outcome, "unknown"))
        return ctl_fail(EX_DATAERR, "no order of source %s is for service %s", source, service);
    if (text_same(forgotten.outcome, "busy"))
        return ctl_fail(EX_TEMPFAIL, "an order of service %s is not finished: forget it afterwards", service);
    printf("service %s: %" PRId64 " orders no longer say who it belonged to\n", service, forgotten.orders);
    return EX_OK;
}
