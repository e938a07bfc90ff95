/* SPDX-License-Identifier: Apache-2.0 */
/* An account's statements. */
#include "store/account.h"

#include "base/text.h"
#include "query.h"

#define STATEMENT_TIMEOUT_MS 15000

void account_ensure(struct session *session, const struct config *config, session_done_fn *done, void *ctx)
{
    struct params params;
    params_init(&params);
    params_array(&params, PARAMS_TEXT);
    for (size_t i = 0; i < config->account_count; i++)
        params_add_text(&params, config->accounts[i].name);
    params_array(&params, PARAMS_TEXT);
    for (size_t i = 0; i < config->account_count; i++)
        params_add_text(&params, config->accounts[i].provider);
    params_array(&params, PARAMS_INT8);
    for (size_t i = 0; i < config->account_count; i++)
        params_add_int(&params, config->accounts[i].quiet_ms);
    session_submit(session, &QUERY_ACCOUNT_ENSURE, &params, STATEMENT_TIMEOUT_MS, done, ctx);
}

void account_pause(struct session *session, const char *account, const char *reason)
{
    struct params params;
    params_init(&params);
    params_text(&params, account);
    params_text(&params, reason);
    session_submit(session, &QUERY_ACCOUNT_PAUSE, &params, STATEMENT_TIMEOUT_MS, NULL, NULL);
}

void account_balance(struct session *session, const char *account, credits_t balance, bool sandbox)
{
    struct params params;
    char text[CREDITS_TEXT_MAX];
    credits_format(balance, text);
    params_init(&params);
    params_text(&params, account);
    params_text(&params, text);
    params_bool(&params, sandbox);
    session_submit(session, &QUERY_BALANCE_STORE, &params, STATEMENT_TIMEOUT_MS, NULL, NULL);
}

static void params_products(struct params *params, const char *account, const struct account_product *products,
                            size_t count)
{
    char text[CREDITS_TEXT_MAX];
    params_init(params);
    params_text(params, account);
    params_array(params, PARAMS_TEXT);
    for (size_t i = 0; i < count; i++)
        params_add_text(params, products[i].type);
    params_array(params, PARAMS_TEXT);
    for (size_t i = 0; i < count; i++)
        params_add_text(params, products[i].name);
    params_array(params, PARAMS_TEXT);
    for (size_t i = 0; i < count; i++) {
        credits_format(products[i].price, text);
        params_add_text(params, text);
    }
    params_array(params, PARAMS_BOOL);
    for (size_t i = 0; i < count; i++)
        params_add_bool(params, products[i].visible);
}

void account_catalogue_turn(struct session *session, const char *account, int64_t every_ms, session_done_fn *done,
                            void *ctx)
{
    struct params params;
    params_init(&params);
    params_text(&params, account);
    params_int(&params, every_ms);
    session_submit(session, &QUERY_CATALOGUE_TAKE, &params, STATEMENT_TIMEOUT_MS, done, ctx);
}

void account_catalogue_keep(struct session *session, const struct config *config, const struct config_account *account,
                            const struct account_product *products, size_t count, session_done_fn *done, void *ctx)
{
    struct params params;
    params_products(&params, account->name, products, count);
    params_array(&params, PARAMS_TEXT);
    for (size_t i = 0; i < config->product_count; i++)
        if (text_same(config->products[i].account->name, account->name))
            params_add_text(&params, config->products[i].upstream_type);
    session_submit(session, &QUERY_PRODUCT_SYNC, &params, STATEMENT_TIMEOUT_MS, done, ctx);
}

void account_info(struct session *session, const char *account, const char *info)
{
    struct params params;
    params_init(&params);
    params_text(&params, account);
    params_text(&params, info);
    session_submit(session, &QUERY_INFO_STORE, &params, STATEMENT_TIMEOUT_MS, NULL, NULL);
}

void account_products(struct session *session, const char *account, const struct account_product *products,
                      size_t count, session_done_fn *done, void *ctx)
{
    struct params params;
    params_products(&params, account, products, count);
    session_submit(session, &QUERY_PRODUCT_STORE, &params, STATEMENT_TIMEOUT_MS, done, ctx);
}

void account_release_short(struct session *session, const char *account, credits_t balance, session_done_fn *done,
                           void *ctx)
{
    struct params params;
    char text[CREDITS_TEXT_MAX];
    credits_format(balance, text);
    params_init(&params);
    params_text(&params, account);
    params_array(&params, PARAMS_TEXT);
    params_add_text(&params, "short_of_credits");
    params_add_text(&params, "balance_unreadable");
    params_text(&params, text);
    session_submit(session, &QUERY_HOLDS_RELEASE, &params, STATEMENT_TIMEOUT_MS, done, ctx);
}

void account_release_guarded(struct session *session, const struct config *config, session_done_fn *done, void *ctx)
{
    struct params params;
    params_init(&params);
    params_array(&params, PARAMS_TEXT);
    for (size_t i = 0; i < config->product_count; i++)
        params_add_text(&params, config->products[i].code);
    params_array(&params, PARAMS_TEXT);
    for (size_t i = 0; i < config->product_count; i++)
        params_add_text(&params, config->products[i].max_credits);
    session_submit(session, &QUERY_GUARDS_RELEASE, &params, STATEMENT_TIMEOUT_MS, done, ctx);
}
