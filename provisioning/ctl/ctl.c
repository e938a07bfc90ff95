/* SPDX-License-Identifier: Apache-2.0 */
/* What every command of bridgectl needs: options, configuration, database,
 * errors.
 *
 * Nothing here retries: a person sits in front of it and may ask again.  A run
 * that dies leaves whatever its one statement committed, and nothing else. */
#include "ctl/ctl.h"

#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/text.h"
#include "query.h"
#include "store/account.h"
#include "store/migrate.h"
#include "store/schema.h"

#define CONNECT_TIMEOUT_MS   5000
#define STATEMENT_TIMEOUT_MS 30000

int ctl_fail(int status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("bridgectl: ", stderr);
    (void)vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return status;
}

int ctl_misuse(const struct ctl *ctl, const char *format, ...)
{
    const struct command *command = ctl->command;
    va_list args;
    va_start(args, format);
    fprintf(stderr, "bridgectl %s: ", command->name);
    (void)vfprintf(stderr, format, args);
    fprintf(stderr, "\nusage: bridgectl %s%s%s\n", command->name, command->shape[0] == '\0' ? "" : " ", command->shape);
    va_end(args);
    return EX_USAGE;
}

const char *ctl_word(const struct ctl *ctl, size_t n)
{
    return n < ctl->arguments.word_count ? ctl->arguments.words[n] : NULL;
}

const char *ctl_option(const struct ctl *ctl, const char *name)
{
    return argument_value(&ctl->arguments, name);
}

bool ctl_flag(const struct ctl *ctl, const char *name)
{
    return argument_given(&ctl->arguments, name);
}

int ctl_number(const struct ctl *ctl, const char *what, const char *text, int64_t *number)
{
    if (!text_parse_int(text, 1, INT64_MAX, number))
        return ctl_misuse(ctl, "%s: not a positive number: %s", what, text);
    return EX_OK;
}

int ctl_number_option(struct ctl *ctl, const char *name, int64_t least, int64_t most, int64_t *number)
{
    const char *text = ctl_option(ctl, name);
    if (text != NULL && !text_parse_int(text, least, most, number))
        return ctl_misuse(ctl, "--%s: a number from %" PRId64 " to %" PRId64 ", not %s", name, least, most, text);
    return EX_OK;
}

int ctl_load(struct ctl *ctl, bool tokens)
{
    const char *path = ctl_option(ctl, "config");
    char error[CONFIG_ERROR_MAX];

    if (path == NULL)
        path = CTL_CONFIG_PATH;
    config_release(&ctl->config);
    ctl->config = tokens ? config_load(path, error) : config_load_without_tokens(path, error);
    return ctl->config == NULL ? ctl_fail(EX_CONFIG, "%s", error) : EX_OK;
}

int ctl_conninfo(struct ctl *ctl, const char **conninfo)
{
    *conninfo = ctl_option(ctl, "database");
    if (*conninfo != NULL)
        return EX_OK;
    int status = ctl->config == NULL ? ctl_load(ctl, false) : EX_OK;
    if (status == EX_OK)
        *conninfo = ctl->config->database;
    return status;
}

static int problem_set(struct ctl *ctl, int status, const char *what, const char *detail)
{
    (void)snprintf(ctl->problem, sizeof ctl->problem, "%s%s%s", what, detail[0] == '\0' ? "" : ": ", detail);
    return status;
}

int ctl_rows_status(struct ctl *ctl, const struct rows *rows)
{
    const char *error = rows_error(rows), *state = rows_sqlstate(rows);

    switch (rows_status(rows)) {
    case ROWS_OK:
        return EX_OK;
    case ROWS_ERROR:
        if (strcmp(state, "3F000") == 0)
            return problem_set(ctl, EX_CONFIG, "this database has no License Bridge yet: run bridgectl migrate", "");
        if (strcmp(state, "42501") == 0)
            return problem_set(ctl, EX_NOPERM, "the database user may not do this", error);
        if (strcmp(state, "55P03") == 0)
            return problem_set(ctl, EX_TEMPFAIL, "somebody works there just now, nothing was done", error);
        return problem_set(ctl, EX_DATAERR, "the database refused", error);
    case ROWS_DOWN:
        return problem_set(ctl, EX_TEMPFAIL, "the database went away, whether it was done is unknown", error);
    case ROWS_NOT_SENT:
        return problem_set(ctl, EX_UNAVAILABLE, "the database cannot be reached", error);
    case ROWS_NOT_DURABLE:
        return problem_set(ctl, EX_TEMPFAIL, "done, but not yet on the standby", error);
    }
    return EX_SOFTWARE;
}

struct query_wait {
    struct ctl *ctl;
    int status;
    session_done_fn *done;
    void *ctx;
};

static void query_done(void *ctx, const struct rows *rows)
{
    struct query_wait *wait = ctx;
    wait->status = ctl_rows_status(wait->ctl, rows);
    if (wait->status == EX_OK && wait->done != NULL)
        wait->done(wait->ctx, rows);
}

static int query_run(struct ctl *ctl, const struct query *query, struct params *params, int64_t timeout_ms,
                     session_done_fn *done, void *ctx)
{
    struct query_wait wait = {.ctl = ctl, .status = EX_SOFTWARE, .done = done, .ctx = ctx};
    session_run(ctl->session, query, params, timeout_ms, query_done, &wait);
    return wait.status;
}

static void version_read(void *ctx, const struct rows *rows)
{
    struct query_wait *wait = ctx;
    struct schema_view view;

    schema_judge(rows, migrate_latest(), &view);
    wait->status = view.fit == SCHEMA_FITS || view.fit == SCHEMA_UNKNOWN
                       ? ctl_rows_status(wait->ctl, rows)
                       : problem_set(wait->ctl, EX_CONFIG, view.reason, "");
}

int ctl_connect(struct ctl *ctl)
{
    struct session_options options = {.role = "bridge_operator", .application = "bridgectl", .clock = &clock_system};
    struct query_wait wait = {.ctl = ctl};
    int status = ctl_conninfo(ctl, &options.conninfo);

    if (status != EX_OK)
        return status;
    ctl->session = session_open(&options);
    session_run(ctl->session, &QUERY_SCHEMA_VERSION, NULL, CONNECT_TIMEOUT_MS, version_read, &wait);
    return wait.status;
}

static void accounts_done(void *ctx, const struct rows *rows)
{
    struct query_wait *wait = ctx;
    wait->status = ctl_rows_status(wait->ctl, rows);
}

int ctl_accounts(struct ctl *ctl)
{
    struct query_wait wait = {.ctl = ctl};
    wait.status = ctl->session == NULL ? ctl_connect(ctl) : EX_OK;
    if (wait.status == EX_OK) {
        account_ensure(ctl->session, ctl->config, accounts_done, &wait);
        session_drain(ctl->session);
    }
    return wait.status == EX_OK ? EX_OK : ctl_fail(wait.status, "%s", ctl->problem);
}

int ctl_try(struct ctl *ctl, const struct query *query, struct params *params, session_done_fn *done, void *ctx)
{
    return query_run(ctl, query, params, STATEMENT_TIMEOUT_MS, done, ctx);
}

int ctl_query(struct ctl *ctl, const struct query *query, struct params *params, session_done_fn *done, void *ctx)
{
    int status = ctl->session == NULL ? ctl_connect(ctl) : EX_OK;
    if (status == EX_OK)
        status = ctl_try(ctl, query, params, done, ctx);
    params_clear(params);
    if (status != EX_OK && ctl->problem[0] != '\0')
        ctl_fail(status, "%s", ctl->problem);
    return status;
}

void ctl_done_read(void *ctx, const struct rows *rows)
{
    *(bool *)ctx = rows_count(rows) == 1 && rows_bool(rows, 0, "done");
}

int ctl_secret(const char *path, struct secret *secret)
{
    struct secret text = {0};
    const char *problem = NULL;
    if (!secret_read_file(&text, path, &problem))
        return errno != 0 ? ctl_fail(EX_NOINPUT, "%s %s: %s", path, problem, strerror(errno))
                          : ctl_fail(EX_DATAERR, "%s %s", path, problem);
    bool good = secret_parse_whsec(secret, (const char *)text.bytes, &problem);
    secret_clear(&text);
    return good ? EX_OK : ctl_fail(EX_DATAERR, "%s %s", path, problem);
}

const char *ctl_actor(struct ctl *ctl)
{
    /* Only root's word counts about who called sudo. */
    const char *sudo = getuid() == 0 ? getenv("SUDO_USER") : NULL;
    if (sudo != NULL && sudo[0] != '\0')
        return sudo;
    struct passwd *user = getpwuid(getuid());
    return user != NULL ? arena_strdup(&ctl->arena, user->pw_name)
                        : arena_printf(&ctl->arena, "uid %lu", (unsigned long)getuid());
}
