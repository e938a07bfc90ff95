/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator does to an account: pause it, let it go on, end its alarm, book
 * credits that moved outside.
 *
 * One function of the database each, which checks the state again and keeps who
 * did it and why; nothing is decided here and no provider is asked. */
#include <stdio.h>
#include <sysexits.h>

#include "ctl/ctl.h"
#include "order/credits.h"
#include "query.h"

struct account_state {
    bool known;
    bool paused;
    bool alarmed;
};

static void account_state_read(void *ctx, const struct rows *rows)
{
    struct account_state *state = ctx;
    state->known = rows_count(rows) == 1;
    state->paused = state->known && rows_bool(rows, 0, "paused");
    state->alarmed = state->known && !rows_null(rows, 0, "alarm");
}

/* The account that is named, if there is one. */
static int account_look(struct ctl *ctl, struct account_state *state)
{
    const char *account = ctl_word(ctl, 0);
    struct params params;

    params_init(&params);
    params_text(&params, account);
    int status = ctl_query(ctl, &QUERY_CTL_ACCOUNT, &params, account_state_read, state);
    if (status == EX_OK && !state->known)
        return ctl_fail(EX_DATAERR, "the database knows no account %s", account);
    return status;
}

/* Runs query(actor, account[, amount], reason), or says that it would. */
static int account_act(struct ctl *ctl, const struct query *query, const char *verb, const char *amount,
                       const char *outcome)
{
    const char *account = ctl_word(ctl, 0);
    struct params params;
    bool done = false;

    if (ctl_flag(ctl, "dry-run")) {
        printf("would %s account %s\n", verb, account);
        return EX_OK;
    }
    params_init(&params);
    params_text(&params, ctl_actor(ctl));
    params_text(&params, account);
    if (amount != NULL)
        params_text(&params, amount);
    params_text(&params, ctl_option(ctl, "reason"));
    int status = ctl_query(ctl, query, &params, ctl_done_read, &done);
    if (status == EX_OK && !done)
        return ctl_fail(EX_TEMPFAIL, "account %s has changed meanwhile: look at it again", account);
    if (status == EX_OK)
        printf("account %s %s\n", account, outcome);
    return status;
}

int account_stop(struct ctl *ctl)
{
    struct account_state state = {0};
    int status = account_look(ctl, &state);
    if (status == EX_OK && state.paused)
        return ctl_fail(EX_DATAERR, "account %s is paused already", ctl_word(ctl, 0));
    return status == EX_OK ? account_act(ctl, &QUERY_OPERATOR_PAUSE, "pause", NULL, "is paused") : status;
}

int account_go_on(struct ctl *ctl)
{
    struct account_state state = {0};
    int status = account_look(ctl, &state);
    if (status == EX_OK && !state.paused)
        return ctl_fail(EX_DATAERR, "account %s is going on already", ctl_word(ctl, 0));
    return status == EX_OK ? account_act(ctl, &QUERY_OPERATOR_RESUME, "resume", NULL, "is going on") : status;
}

int account_acknowledge(struct ctl *ctl)
{
    struct account_state state = {0};
    int status = account_look(ctl, &state);
    if (status == EX_OK && !state.alarmed)
        return ctl_fail(EX_DATAERR, "account %s has no alarm", ctl_word(ctl, 0));
    return status == EX_OK
               ? account_act(ctl, &QUERY_OPERATOR_ACKNOWLEDGE, "end the alarm of", NULL, "has no alarm any more")
               : status;
}

/* Books AMOUNT; lowest is the least that makes sense. */
static int credits_book(struct ctl *ctl, const struct query *query, const char *what, credits_t lowest)
{
    struct account_state state = {0};
    const char *word = ctl_word(ctl, 1);
    char text[CREDITS_TEXT_MAX];
    credits_t amount;

    if (!credits_parse(word, &amount) || amount == 0 || amount < lowest)
        return ctl_misuse(ctl, "AMOUNT: credits like 250 or %s, not %s", lowest > 0 ? "12.5" : "-12.5", word);
    int status = account_look(ctl, &state);
    if (status != EX_OK)
        return status;
    credits_format(amount, text);
    return account_act(ctl, query, arena_printf(&ctl->arena, "book %s of %s credits on", what, text), text,
                       arena_printf(&ctl->arena, "has %s of %s credits booked", what, text));
}

int account_topup(struct ctl *ctl)
{
    return credits_book(ctl, &QUERY_OPERATOR_TOPUP, "a top-up", 1);
}

int account_adjust(struct ctl *ctl)
{
    return credits_book(ctl, &QUERY_OPERATOR_ADJUST, "an adjustment", -CREDITS_MAX);
}
