/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts at a shell: what the provider says now (balance, catalogue), and the
 * pause that stops all calls of an account.
 *
 * Only reads go upstream from here.  products --sync stores what was read in one
 * statement; a crash before it changes nothing. */
#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

#include "ctl/ctl.h"
#include "ctl/output.h"
#include "ctl/upstream.h"
#include "query.h"
#include "store/account.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* A pass over accounts that gathers rows; one bad answer spoils the status only. */
struct account_pass {
    struct ctl *ctl;
    const struct config_account *account;
    struct table table;
    int status;
};

static const char *bool_cell(bool value)
{
    return value ? "t" : "f";
}

/* Says why an account's answer is of no use. */
static void pass_fail(struct account_pass *pass, const struct answer *answer, const char *what)
{
    bool refused = answer->verdict == VERDICT_REFUSED;
    pass->status = ctl_fail(refused ? EX_NOPERM : EX_UNAVAILABLE, "account %s: %s%s%s", pass->account->name,
                            answer->verdict == VERDICT_DONE ? what : answer->reason,
                            answer->message == NULL ? "" : ": ", answer->message == NULL ? "" : answer->message);
}

/* Asks the one account that is named, or all that offer the call. */
static int pass_run(struct account_pass *pass, enum call_name call, call_done_fn *done)
{
    struct ctl *ctl = pass->ctl;
    const char *name = ctl_word(ctl, 0);
    int status = ctl->config == NULL ? ctl_load(ctl, true) : EX_OK;

    if (status != EX_OK)
        return status;
    if (name != NULL && config_account_find(ctl->config, name) == NULL)
        return ctl_fail(EX_DATAERR, "no account %s in %s", name, ctl->config->path);
    for (size_t i = 0; i < ctl->config->account_count; i++) {
        const struct config_account *account = &ctl->config->accounts[i];
        if (name != NULL && account != config_account_find(ctl->config, name))
            continue;
        pass->account = account;
        if (upstream_offers(account, call))
            upstream_ask(account, call, done, pass);
        else if (name != NULL)
            return ctl_fail(EX_DATAERR, "%s, the provider of account %s, has no %s call", account->provider, name,
                            call_word(call));
    }
    return pass->status;
}

static void balance_told(void *ctx, const struct answer *answer)
{
    struct account_pass *pass = ctx;
    char text[CREDITS_TEXT_MAX];

    if (answer->verdict != VERDICT_DONE || !answer->has_balance) {
        pass_fail(pass, answer, "the answer has no balance that can be read");
        return;
    }
    credits_format(answer->balance, text);
    table_add(&pass->table, (const char *[]){pass->account->name, text, bool_cell(answer->sandbox)});
}

int account_balances(struct ctl *ctl)
{
    static const struct column columns[] = {
        {"account", COLUMN_TEXT}, {"balance", COLUMN_TEXT}, {"sandbox", COLUMN_BOOL}};
    struct account_pass pass = {.ctl = ctl, .status = EX_OK};

    table_init(&pass.table, &ctl->arena, columns, COUNT(columns));
    int status = pass_run(&pass, CALL_BALANCE, balance_told);
    if (pass.table.row_count > 0 || status == EX_OK)
        table_print(&pass.table, ctl->json, stdout);
    return status;
}

static void products_stored(void *ctx, const struct rows *rows)
{
    struct account_pass *pass = ctx;
    int status = ctl_rows_status(pass->ctl, rows);
    if (status != EX_OK)
        pass->status = ctl_fail(status, "account %s: %s", pass->account->name, pass->ctl->problem);
}

static void products_store(struct account_pass *pass, const struct answer *answer)
{
    struct ctl *ctl = pass->ctl;
    struct account_product *products = arena_alloc(&ctl->arena, answer->item_count * sizeof *products);

    for (size_t i = 0; i < answer->item_count; i++)
        products[i] = (struct account_product){.type = answer->items[i].code,
                                               .name = answer->items[i].name,
                                               .price = answer->items[i].price,
                                               .visible = answer->items[i].visible};
    account_products(ctl->session, pass->account->name, products, answer->item_count, products_stored, pass);
    session_drain(ctl->session);
}

static void products_told(void *ctx, const struct answer *answer)
{
    struct account_pass *pass = ctx;

    if (answer->verdict != VERDICT_DONE || answer->item_count == 0) {
        pass_fail(pass, answer, "the answer has no products that can be read");
        return;
    }
    for (size_t i = 0; i < answer->item_count; i++) {
        const struct catalogue_item *item = &answer->items[i];
        char price[CREDITS_TEXT_MAX];
        credits_format(item->price, price);
        table_add(&pass->table,
                  (const char *[]){pass->account->name, item->code, item->name, price, bool_cell(item->visible)});
    }
    if (ctl_flag(pass->ctl, "sync"))
        products_store(pass, answer);
}

static void ensure_done(void *ctx, const struct rows *rows)
{
    struct account_pass *pass = ctx;
    pass->status = ctl_rows_status(pass->ctl, rows);
}

/* The catalogue's rows belong to an account that the database must know. */
static int catalogue_prepare(struct account_pass *pass)
{
    struct ctl *ctl = pass->ctl;
    int status = ctl_load(ctl, true);

    if (status != EX_OK)
        return status;
    pass->status = ctl_connect(ctl);
    if (pass->status == EX_OK) {
        account_ensure(ctl->session, ctl->config, ensure_done, pass);
        session_drain(ctl->session);
    }
    return pass->status == EX_OK ? EX_OK : ctl_fail(pass->status, "%s", ctl->problem);
}

int account_catalogue(struct ctl *ctl)
{
    static const struct column columns[] = {{"account", COLUMN_TEXT},
                                            {"type", COLUMN_TEXT},
                                            {"name", COLUMN_TEXT},
                                            {"price", COLUMN_TEXT},
                                            {"visible", COLUMN_BOOL}};
    struct account_pass pass = {.ctl = ctl, .status = EX_OK};
    int status = ctl_flag(ctl, "sync") ? catalogue_prepare(&pass) : EX_OK;

    if (status != EX_OK)
        return status;
    table_init(&pass.table, &ctl->arena, columns, COUNT(columns));
    status = pass_run(&pass, CALL_PRODUCTS, products_told);
    if (pass.table.row_count > 0 || status == EX_OK)
        table_print(&pass.table, ctl->json, stdout);
    return status;
}

struct account_state {
    bool known;
    bool paused;
};

static void account_state_read(void *ctx, const struct rows *rows)
{
    struct account_state *state = ctx;
    state->known = rows_count(rows) == 1;
    state->paused = state->known && rows_bool(rows, 0, "paused");
}

static int pause_set(struct ctl *ctl, bool paused)
{
    const char *account = ctl_word(ctl, 0), *word = paused ? "paused" : "going on";
    struct account_state state = {0};
    struct params params;
    bool done = false;

    params_init(&params);
    params_text(&params, account);
    int status = ctl_query(ctl, &QUERY_CTL_ACCOUNT, &params, account_state_read, &state);
    if (status != EX_OK)
        return status;
    if (!state.known)
        return ctl_fail(EX_DATAERR, "the database knows no account %s", account);
    if (state.paused == paused)
        return ctl_fail(EX_DATAERR, "account %s is %s already", account, word);
    if (ctl_flag(ctl, "dry-run")) {
        printf("would %s account %s\n", paused ? "pause" : "resume", account);
        return EX_OK;
    }
    params_init(&params);
    params_text(&params, ctl_actor(ctl));
    params_text(&params, account);
    params_text(&params, ctl_option(ctl, "reason"));
    status = ctl_query(ctl, paused ? &QUERY_OPERATOR_PAUSE : &QUERY_OPERATOR_RESUME, &params, ctl_done_read, &done);
    if (status == EX_OK && !done)
        return ctl_fail(EX_TEMPFAIL, "account %s has changed meanwhile: look at it again", account);
    if (status == EX_OK)
        printf("account %s is %s\n", account, word);
    return status;
}

int account_stop(struct ctl *ctl)
{
    return pause_set(ctl, true);
}

int account_go_on(struct ctl *ctl)
{
    return pause_set(ctl, false);
}
