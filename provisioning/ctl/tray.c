/* SPDX-License-Identifier: Apache-2.0 */
/* The tray at a shell: a person settles what neither the answer nor the balance
 * could settle, with everything in sight that is known about it.
 *
 * Decides nothing: bridge.operator_resolve checks state and time again under its
 * locks and keeps who did it and why.  Never calls a provider; to buy again puts
 * the order back into the queue, behind the same fence as any other.  A crash
 * before the one statement changes nothing. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/text.h"
#include "ctl/ctl.h"
#include "ctl/output.h"
#include "query.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define TYPED_MAX   64

/* The answers: option, the word of the database's function, what has become of the order. */
static const struct tray_answer {
    const char *option;
    const char *word;
    const char *done;
} tray_answers[] = {
    {"happened", "happened", "succeeded: it happened"},
    {"did-not-happen", "did_not_happen", "failed: it did not happen"},
    {"buy-again", "buy_again", "queued: it is bought again"},
};

/* What is known about one order of the tray. */
struct evidence {
    int64_t order_id;
    struct table order;
    struct table attempts;
    struct table ledger;
    int64_t wait_ms; /* until a late effect can no longer come */
};

static const struct column order_columns[] = {
    {"order_id", COLUMN_COUNT},       {"reason", COLUMN_TEXT},        {"reason_code", COLUMN_TEXT},
    {"waiting_since", COLUMN_TEXT},   {"unsettled", COLUMN_BOOL},     {"type", COLUMN_TEXT},
    {"source", COLUMN_TEXT},          {"service_id", COLUMN_TEXT},    {"account", COLUMN_TEXT},
    {"product_code", COLUMN_TEXT},    {"upstream_type", COLUMN_TEXT}, {"ip", COLUMN_TEXT},
    {"billing_months", COLUMN_COUNT}, {"price", COLUMN_TEXT},         {"price_other", COLUMN_TEXT},
    {"attempts", COLUMN_COUNT},       {"window_id", COLUMN_COUNT},    {"window_state", COLUMN_TEXT},
    {"tainted", COLUMN_BOOL},         {"solo", COLUMN_BOOL},          {"balance_open", COLUMN_TEXT},
    {"balance_close", COLUMN_TEXT},   {"confirmed", COLUMN_TEXT},     {"missing", COLUMN_TEXT},
    {"doubts", COLUMN_COUNT},         {"doubts_price", COLUMN_TEXT},  {"deadline", COLUMN_TEXT},
    {"wait_ms", COLUMN_COUNT},
};

static const struct column attempt_columns[] = {
    {"attempt", COLUMN_COUNT},       {"started_at", COLUMN_TEXT},  {"call", COLUMN_TEXT},
    {"worker", COLUMN_TEXT},         {"sent", COLUMN_BOOL},        {"request", COLUMN_TEXT},
    {"http_status", COLUMN_COUNT},   {"elapsed_ms", COLUMN_COUNT}, {"verdict", COLUMN_TEXT},
    {"reason", COLUMN_TEXT},         {"answer", COLUMN_TEXT},      {"price", COLUMN_TEXT},
    {"balance_before", COLUMN_TEXT},
};

static const struct column ledger_columns[] = {
    {"at", COLUMN_TEXT},     {"kind", COLUMN_TEXT},    {"order_id", COLUMN_COUNT},
    {"amount", COLUMN_TEXT}, {"balance", COLUMN_TEXT}, {"note", COLUMN_TEXT},
};

/* The one answer that was given, NULL when none was; more than one is a mistake. */
static int answer_choose(const struct ctl *ctl, const struct tray_answer **answer)
{
    *answer = NULL;
    for (size_t i = 0; i < COUNT(tray_answers); i++) {
        if (!ctl_flag(ctl, tray_answers[i].option))
            continue;
        if (*answer != NULL)
            return ctl_misuse(ctl, "--%s and --%s exclude each other", (*answer)->option, tray_answers[i].option);
        *answer = &tray_answers[i];
    }
    if (*answer == NULL && !ctl_flag(ctl, "dry-run"))
        return ctl_misuse(ctl, "what is the answer: --happened, --did-not-happen or --buy-again");
    if (*answer != NULL && ctl_option(ctl, "reason") == NULL)
        return ctl_misuse(ctl, "--reason is missing");
    if (ctl_option(ctl, "license-id") != NULL && (*answer == NULL || strcmp((*answer)->option, "happened") != 0))
        return ctl_misuse(ctl, "--license-id belongs to --happened");
    return EX_OK;
}

/* In the tray, and of which account; says why not. */
static int order_account(struct ctl *ctl, int64_t order_id, const char **account)
{
    static const struct column columns[] = {{"state", COLUMN_TEXT}, {"account", COLUMN_TEXT}};
    struct table order;
    struct params params;

    params_init(&params);
    params_int(&params, order_id);
    table_init(&order, &ctl->arena, columns, COUNT(columns));
    int status = ctl_query(ctl, &QUERY_CTL_ORDER, &params, table_add_rows, &order);
    if (status != EX_OK)
        return status;
    if (order.row_count == 0)
        return ctl_fail(EX_DATAERR, "no order %" PRId64, order_id);
    const char *state = table_cell(&order, 0, "state");
    if (strcmp(state, "needs_review") != 0)
        return ctl_fail(EX_DATAERR, "order %" PRId64 " is %s; what can be resolved is: needs_review", order_id, state);
    *account = table_cell(&order, 0, "account");
    return EX_OK;
}

/* The quiet time that the configuration gives an account. */
static int quiet_find(struct ctl *ctl, const char *account, int64_t *quiet_ms)
{
    int status = ctl->config == NULL ? ctl_load(ctl, false) : EX_OK;
    if (status != EX_OK)
        return status;
    const struct config_account *found = config_account_find(ctl->config, account);
    if (found == NULL)
        return ctl_fail(EX_CONFIG, "%s has no account %s: how long it must have been quiet is not known",
                        ctl->config->path, account);
    *quiet_ms = found->quiet_ms;
    return EX_OK;
}

static int evidence_part(struct ctl *ctl, const struct query *query, int64_t order_id, struct table *table,
                         const struct column *columns, size_t count)
{
    struct params params;
    params_init(&params);
    params_int(&params, order_id);
    table_init(table, &ctl->arena, columns, count);
    return ctl_query(ctl, query, &params, table_add_rows, table);
}

static int evidence_read(struct ctl *ctl, int64_t quiet_ms, struct evidence *evidence)
{
    int64_t id = evidence->order_id;
    struct params params;

    params_init(&params);
    params_int(&params, id);
    params_int(&params, quiet_ms);
    table_init(&evidence->order, &ctl->arena, order_columns, COUNT(order_columns));
    int status = ctl_query(ctl, &QUERY_CTL_REVIEW, &params, table_add_rows, &evidence->order);
    if (status != EX_OK)
        return status;
    if (evidence->order.row_count == 0)
        return ctl_fail(EX_TEMPFAIL, "order %" PRId64 " has moved meanwhile: look at it again", id);
    const char *wait = table_cell(&evidence->order, 0, "wait_ms");
    if (wait != NULL && !text_parse_int(wait, 0, INT64_MAX, &evidence->wait_ms))
        return ctl_fail(EX_SOFTWARE, "a time to wait that is no number: %s", wait);
    status = evidence_part(ctl, &QUERY_CTL_ATTEMPTS, id, &evidence->attempts, attempt_columns, COUNT(attempt_columns));
    if (status == EX_OK)
        status =
            evidence_part(ctl, &QUERY_CTL_REVIEW_LEDGER, id, &evidence->ledger, ledger_columns, COUNT(ledger_columns));
    return status;
}

static void evidence_print(const struct evidence *evidence, FILE *out)
{
    table_print_row(&evidence->order, 0, out);
    for (size_t i = 0; i < evidence->attempts.row_count; i++) {
        fputs("\ncall\n", out);
        table_print_row(&evidence->attempts, i, out);
    }
    if (evidence->ledger.row_count > 0) {
        fputs("\nledger around the window\n", out);
        table_print(&evidence->ledger, false, out);
    }
    fputc('\n', out);
}

/* For a program: all of it and, once it is settled, how. */
static void evidence_print_json(const struct evidence *evidence, const struct tray_answer *resolved)
{
    json_t *shown = json_object();
    json_object_set_new(shown, "order", table_object(&evidence->order, 0));
    json_object_set_new(shown, "attempts", table_array(&evidence->attempts));
    json_object_set_new(shown, "ledger", table_array(&evidence->ledger));
    json_object_set_new(shown, "resolved", json_text(resolved == NULL ? NULL : resolved->word));
    json_print(shown, stdout);
    json_decref(shown);
}

/* A purchase that may be the second one is confirmed by typing its number. */
static int buy_again_confirm(const struct ctl *ctl, int64_t order_id)
{
    char typed[TYPED_MAX], wanted[TYPED_MAX];

    if (ctl_flag(ctl, "yes"))
        return EX_OK;
    if (isatty(STDIN_FILENO) == 0)
        return ctl_fail(EX_USAGE, "--buy-again needs --yes where nobody can be asked");
    fprintf(stderr, "If the call did happen, it will be paid twice.  Type the order's number to buy again: ");
    (void)snprintf(wanted, sizeof wanted, "%" PRId64, order_id);
    if (fgets(typed, sizeof typed, stdin) == NULL)
        typed[0] = '\0';
    typed[strcspn(typed, "\r\n")] = '\0';
    return strcmp(typed, wanted) == 0 ? EX_OK : ctl_fail(EX_DATAERR, "not confirmed: nothing was changed");
}

static int early_tell(int64_t order_id, int64_t wait_ms)
{
    return ctl_fail(EX_TEMPFAIL, "order %" PRId64 ": a late effect may still come for %" PRId64 " s; try again then",
                    order_id, (wait_ms + 999) / 1000);
}

struct resolve_reply {
    struct ctl *ctl;
    const char *answer;
};

static void resolve_read(void *ctx, const struct rows *rows)
{
    struct resolve_reply *reply = ctx;
    reply->answer = arena_strdup(&reply->ctl->arena, rows_count(rows) == 1 ? rows_text(rows, 0, "answer") : NULL);
}

static int resolve_send(struct ctl *ctl, const struct evidence *evidence, const struct tray_answer *answer,
                        int64_t quiet_ms)
{
    struct resolve_reply reply = {.ctl = ctl};
    struct params params;

    params_init(&params);
    params_text(&params, ctl_actor(ctl));
    params_int(&params, evidence->order_id);
    params_text(&params, answer->word);
    params_text(&params, ctl_option(ctl, "reason"));
    params_text(&params, ctl_option(ctl, "license-id"));
    params_int(&params, quiet_ms);
    int status = ctl_query(ctl, &QUERY_OPERATOR_RESOLVE, &params, resolve_read, &reply);
    if (status != EX_OK)
        return status;
    if (text_same(reply.answer, "early"))
        return early_tell(evidence->order_id, evidence->wait_ms);
    if (!text_same(reply.answer, "ok"))
        return ctl_fail(EX_TEMPFAIL, "order %" PRId64 " has moved meanwhile: look at it again", evidence->order_id);
    return EX_OK;
}

/* From the evidence to the answer stored. */
static int evidence_settle(struct ctl *ctl, const struct evidence *evidence, const struct tray_answer *answer,
                           int64_t quiet_ms)
{
    int status = EX_OK;
    if (evidence->wait_ms > 0)
        return early_tell(evidence->order_id, evidence->wait_ms);
    if (strcmp(answer->option, "buy-again") == 0)
        status = buy_again_confirm(ctl, evidence->order_id);
    return status == EX_OK ? resolve_send(ctl, evidence, answer, quiet_ms) : status;
}

int tray_resolve(struct ctl *ctl)
{
    struct evidence evidence = {0};
    const struct tray_answer *answer = NULL;
    const char *account = NULL;
    int64_t quiet_ms = 0;
    int status = answer_choose(ctl, &answer);

    if (status != EX_OK || (status = ctl_number(ctl, "ORDER", ctl_word(ctl, 0), &evidence.order_id)) != EX_OK ||
        (status = order_account(ctl, evidence.order_id, &account)) != EX_OK ||
        (status = quiet_find(ctl, account, &quiet_ms)) != EX_OK ||
        (status = evidence_read(ctl, quiet_ms, &evidence)) != EX_OK)
        return status;
    bool settle = answer != NULL && !ctl_flag(ctl, "dry-run");
    if (!ctl->json) {
        evidence_print(&evidence, stdout);
        (void)fflush(stdout);
    }
    if (settle)
        status = evidence_settle(ctl, &evidence, answer, quiet_ms);
    settle = settle && status == EX_OK;
    if (ctl->json)
        evidence_print_json(&evidence, settle ? answer : NULL);
    else if (settle)
        printf("order %" PRId64 " is %s\n", evidence.order_id, answer->done);
    else if (status == EX_OK && answer != NULL)
        printf("would resolve order %" PRId64 " as %s\n", evidence.order_id, answer->option);
    return status;
}
