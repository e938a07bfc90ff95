/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts at a shell: what the provider says now (balance, catalogue), and how
 * long the credits last.
 *
 * Only reads go upstream from here.  products sync stores what was read in one
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
    const char *name; /* the one that is asked for; NULL: all */
    bool sync;
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
    const char *name = pass->name;
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
    struct account_pass pass = {.ctl = ctl, .name = ctl_word(ctl, 0), .status = EX_OK};

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
    account_catalogue_keep(ctl->session, ctl->config, pass->account, products, answer->item_count, products_stored,
                           pass);
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
    if (pass->sync)
        products_store(pass, answer);
}

static int catalogue_run(struct ctl *ctl, bool sync)
{
    static const struct column columns[] = {{"account", COLUMN_TEXT},
                                            {"type", COLUMN_TEXT},
                                            {"name", COLUMN_TEXT},
                                            {"price", COLUMN_TEXT},
                                            {"visible", COLUMN_BOOL}};
    struct account_pass pass = {.ctl = ctl, .name = ctl_word(ctl, 0), .sync = sync, .status = EX_OK};
    int status = EX_OK;

    /* The catalogue's rows belong to an account that the database must know. */
    if (pass.sync && ((status = ctl_load(ctl, true)) != EX_OK || (status = ctl_accounts(ctl)) != EX_OK))
        return status;
    table_init(&pass.table, &ctl->arena, columns, COUNT(columns));
    status = pass_run(&pass, CALL_PRODUCTS, products_told);
    if (pass.table.row_count > 0 || status == EX_OK)
        table_print(&pass.table, ctl->json, stdout);
    return status;
}

int account_catalogue(struct ctl *ctl)
{
    return catalogue_run(ctl, ctl_flag(ctl, "sync"));
}

int account_catalogue_sync(struct ctl *ctl)
{
    return catalogue_run(ctl, true);
}

int account_forecast(struct ctl *ctl)
{
    static const struct column columns[] = {
        {"account", COLUMN_TEXT},         {"balance", COLUMN_TEXT},       {"waiting_orders", COLUMN_COUNT},
        {"waiting_credits", COLUMN_TEXT}, {"renewals_30d", COLUMN_COUNT}, {"renewals_credits", COLUMN_TEXT},
        {"unpriced", COLUMN_COUNT},       {"left_after", COLUMN_TEXT},    {"spent_30d", COLUMN_TEXT},
        {"spent_a_day", COLUMN_TEXT},     {"days_left", COLUMN_TEXT},     {"balance_at", COLUMN_TEXT}};
    const char *account = ctl_word(ctl, 0);
    struct table table;
    struct params params;

    params_init(&params);
    params_text(&params, account);
    table_init(&table, &ctl->arena, columns, COUNT(columns));
    int status = ctl_query(ctl, &QUERY_CTL_FORECAST, &params, table_add_rows, &table);
    if (status == EX_OK && table.row_count == 0 && account != NULL)
        return ctl_fail(EX_DATAERR, "the database knows no account %s that takes credits", account);
    if (status == EX_OK)
        table_print(&table, ctl->json, stdout);
    return status;
}
