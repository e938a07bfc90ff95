/* SPDX-License-Identifier: Apache-2.0 */
/* One row per account says when it was last read, so that many workers read it
 * once.  A worker that dies between its turn and the answer leaves the catalogue
 * as it was until the next turn. */
#include "dispatch/catalogue.h"

#include "base/arena.h"
#include "base/log.h"
#include "dispatch/errand.h"
#include "dispatch/ration.h"
#include "store/account.h"

#define TURN_EVERY_MAX_MS 60000 /* how often it is asked whose turn it is, at least */

static bool offers(const struct account_state *account, enum call_name name)
{
    return provider_find(account->config->provider)->path(name) != NULL;
}

static void stored(void *ctx, const struct rows *rows)
{
    const struct account_state *account = ctx;

    if (rows_status(rows) != ROWS_OK)
        log_warn("catalogue.not_stored", log_str("account", account->config->name),
                 log_str("reason", rows_error(rows)));
    else if (rows_count(rows) == 1 && rows_int(rows, 0, "changed") > 0)
        log_note("catalogue.changed", log_str("account", account->config->name),
                 log_int("products", rows_int(rows, 0, "changed")));
}

static void products_read(struct account_state *account, void *ctx, const struct answer *answer)
{
    struct worker *worker = account->worker;
    struct arena arena;

    (void)ctx;
    if (!account->configured)
        return;
    if (answer->verdict != VERDICT_DONE || answer->item_count == 0) {
        log_warn("catalogue.unread", log_str("account", account->config->name), log_str("reason", answer->reason));
        return;
    }
    arena_init(&arena);
    struct account_product *products = arena_alloc(&arena, answer->item_count * sizeof *products);
    for (size_t i = 0; i < answer->item_count; i++)
        products[i] = (struct account_product){answer->items[i].code, answer->items[i].name, answer->items[i].price,
                                               answer->items[i].visible};
    account_catalogue_keep(worker->house, worker->config, account->config, products, answer->item_count, stored,
                           account);
    arena_clear(&arena);
}

static void info_read(struct account_state *account, void *ctx, const struct answer *answer)
{
    (void)ctx;
    if (!account->configured)
        return;
    if (answer->verdict == VERDICT_DONE && answer->info != NULL)
        account_info(account->worker->house, account->config->name, answer->info);
    else
        log_warn("provider.unread", log_str("account", account->config->name), log_str("reason", answer->reason));
}

static void info_start(struct account_state *account)
{
    errand_start(account, &(struct call){.name = CALL_INFO}, info_read, NULL);
}

static void info_granted(void *ctx, const struct rows *rows)
{
    struct account_state *account = ctx;

    if (rows_status(rows) == ROWS_OK && rows_count(rows) == 1 && rows_int(rows, 0, "granted") > 0 &&
        errand_possible(account))
        info_start(account);
}

static void turn_taken(void *ctx, const struct rows *rows)
{
    struct account_state *account = ctx;

    if (rows_status(rows) != ROWS_OK || rows_count(rows) != 1 || !rows_bool(rows, 0, "taken") ||
        !errand_possible(account))
        return;
    if (offers(account, CALL_PRODUCTS))
        errand_start(account, &(struct call){.name = CALL_PRODUCTS}, products_read, NULL);
    if (offers(account, CALL_INFO) && !ration_take(account, CALL_INFO, info_granted, account))
        info_start(account);
}

void catalogue_step(struct worker *worker)
{
    int64_t now = worker_now_ms(worker), every = worker->config->catalogue_ms;

    for (size_t i = 0; i < worker->account_count; i++) {
        struct account_state *account = worker->accounts[i];
        if (now < account->catalogue_ms || !errand_possible(account))
            continue;
        account->catalogue_ms = now + (every < TURN_EVERY_MAX_MS ? every : TURN_EVERY_MAX_MS);
        account_catalogue_turn(worker->house, account->config->name, every, turn_taken, account);
    }
}
