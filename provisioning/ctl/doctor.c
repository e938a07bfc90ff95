/* SPDX-License-Identifier: Apache-2.0 */
/* doctor: everything that must be right before orders flow, checked at once.
 *
 * Looks only: the providers are asked for a balance or for their name, the
 * database for its settings.  A check that cannot be made is a failed check. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "ctl/ctl.h"
#include "ctl/output.h"
#include "ctl/upstream.h"
#include "query.h"
#include "store/migrate.h"

#define SECRET_LEAST      24                 /* bytes; Standard Webhooks */
#define CREDITS_NOT_KNOWN (-CREDITS_MAX - 1) /* less than any balance */

static const struct column doctor_columns[] = {
    {"check", COLUMN_TEXT}, {"result", COLUMN_TEXT}, {"detail", COLUMN_TEXT}};

struct doctor {
    struct ctl *ctl;
    struct table table;
    const struct config_account *account; /* being asked */
};

static void finding_add(struct doctor *doctor, const char *check, const char *result, const char *detail)
{
    table_add(&doctor->table, (const char *[]){check, result, detail});
}

static bool config_examine(struct doctor *doctor)
{
    struct ctl *ctl = doctor->ctl;
    const char *path = ctl_option(ctl, "config");
    char error[CONFIG_ERROR_MAX];

    ctl->config = config_load(path == NULL ? CTL_CONFIG_PATH : path, error);
    finding_add(doctor, "configuration", ctl->config != NULL ? "ok" : "fail",
                ctl->config != NULL ? ctl->config->path : error);
    return ctl->config != NULL;
}

static void sources_examine(struct doctor *doctor)
{
    struct arena *arena = &doctor->ctl->arena;
    for (size_t i = 0; i < doctor->ctl->config->source_count; i++) {
        const struct config_source *source = &doctor->ctl->config->sources[i];
        size_t least = SIZE_MAX;
        for (size_t n = 0; n < source->secret_count; n++)
            least = source->secrets[n].len < least ? source->secrets[n].len : least;
        finding_add(doctor, arena_printf(arena, "source %s", source->name),
                    source->secret_count > 0 && least >= SECRET_LEAST ? "ok" : "fail",
                    source->secret_count == 0
                        ? "no secret"
                        : arena_printf(arena, "secrets: %zu, the shortest has %zu bytes", source->secret_count, least));
    }
}

static void books_read(void *ctx, const struct rows *rows)
{
    credits_t *books = ctx;
    const char *text = rows_text(rows, 0, "expected");
    if (text == NULL || !credits_parse(text, books))
        *books = CREDITS_NOT_KNOWN;
}

/* What the balance must be at least, by the books. */
static credits_t books_expect(struct doctor *doctor)
{
    credits_t books = CREDITS_NOT_KNOWN;
    struct params params;

    params_init(&params);
    params_text(&params, doctor->account->name);
    if (doctor->ctl->session != NULL)
        ctl_try(doctor->ctl, &QUERY_CTL_BOOKS, &params, books_read, &books);
    return books;
}

/* A fall that our books do not know: a stranger, or the books are an old backup. */
static void balance_examine(struct doctor *doctor, const char *check, const struct answer *answer)
{
    struct arena *arena = &doctor->ctl->arena;
    credits_t books = answer->sandbox ? CREDITS_NOT_KNOWN : books_expect(doctor);
    char balance[CREDITS_TEXT_MAX], expected[CREDITS_TEXT_MAX];

    credits_format(answer->balance, balance);
    if (books > answer->balance) {
        credits_format(books, expected);
        finding_add(doctor, check, "fail",
                    arena_printf(arena,
                                 "balance %s, but %s by the books: somebody else spends, or this database is an old "
                                 "backup; nothing is bought until it is booked",
                                 balance, expected));
    } else {
        finding_add(doctor, check, answer->sandbox ? "warn" : "ok",
                    arena_printf(arena, "balance %s%s", balance,
                                 answer->sandbox ? ", sandbox: nothing is bought for real, no doubt is settled" : ""));
    }
}

static void provider_answered(void *ctx, const struct answer *answer)
{
    struct doctor *doctor = ctx;
    struct arena *arena = &doctor->ctl->arena;
    const char *check = arena_printf(arena, "provider of %s", doctor->account->name);
    const char *says = answer->message == NULL ? "" : answer->message;

    if (answer->denied) {
        finding_add(doctor, check, "fail", arena_printf(arena, "the token or this address is refused. %s", says));
    } else if (answer->verdict != VERDICT_DONE) {
        finding_add(doctor, check, "fail", arena_printf(arena, "%s %s", answer->reason, says));
    } else if (!answer->has_balance) {
        bool expected = upstream_offers(doctor->account, CALL_BALANCE);
        finding_add(doctor, check, expected ? "fail" : "ok",
                    expected               ? "its answer has no balance"
                    : answer->info != NULL ? arena_printf(arena, "answers: %s", answer->info)
                                           : "answers");
    } else {
        balance_examine(doctor, check, answer);
    }
}

static void providers_examine(struct doctor *doctor)
{
    for (size_t i = 0; i < doctor->ctl->config->account_count; i++) {
        doctor->account = &doctor->ctl->config->accounts[i];
        bool balance = upstream_offers(doctor->account, CALL_BALANCE);
        upstream_ask(doctor->account, balance ? CALL_BALANCE : CALL_INFO, provider_answered, doctor);
    }
}

static void database_examine(struct doctor *doctor)
{
    struct ctl *ctl = doctor->ctl;
    struct params params;

    if (ctl_connect(ctl) != EX_OK) {
        finding_add(doctor, "database", "fail", ctl->problem);
        return;
    }
    finding_add(doctor, "database", "ok", arena_printf(&ctl->arena, "schema %d", migrate_latest()));
    params_init(&params);
    params_int(&params, clock_wall_ms(&clock_system));
    params_array(&params, PARAMS_TEXT);
    for (size_t i = 0; ctl->config != NULL && i < ctl->config->account_count; i++)
        params_add_text(&params, ctl->config->accounts[i].name);
    if (ctl_try(ctl, &QUERY_CTL_DOCTOR, &params, table_add_rows, &doctor->table) != EX_OK)
        finding_add(doctor, "database checks", "fail", ctl->problem);
}

int doctor_run(struct ctl *ctl)
{
    struct doctor doctor = {.ctl = ctl};
    size_t failed = 0;

    table_init(&doctor.table, &ctl->arena, doctor_columns, sizeof doctor_columns / sizeof doctor_columns[0]);
    bool configured = config_examine(&doctor);
    if (configured)
        sources_examine(&doctor);
    if (configured || ctl_flag(ctl, "database"))
        database_examine(&doctor);
    if (configured)
        providers_examine(&doctor);
    table_print(&doctor.table, ctl->json, stdout);
    for (size_t row = 0; row < doctor.table.row_count; row++)
        failed += strcmp(table_cell(&doctor.table, row, "result"), "fail") == 0;
    return failed == 0 ? EX_OK : ctl_fail(EX_UNAVAILABLE, "%zu checks failed", failed);
}
