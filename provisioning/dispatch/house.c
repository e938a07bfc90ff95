/* SPDX-License-Identifier: Apache-2.0 */
/* A worker's chores, on a session of their own.  Any worker may do any of them
 * at any time: each is one transaction that finds its own work. */
#include <stdlib.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/text.h"
#include "dispatch/catalogue.h"
#include "dispatch/claim.h"
#include "dispatch/errand.h"
#include "dispatch/house.h"
#include "dispatch/probe.h"
#include "dispatch/sweep.h"
#include "query.h"
#include "store/account.h"
#include "store/schema.h"
#include "store/window.h"

#define CHORE_TIMEOUT_MS     15000
#define TAKEOVER_MAX         500
#define PARTITION_EVERY_MS   (6 * 60 * 60 * 1000)
#define HISTORY_AGAIN_MS     (10 * 60 * 1000)
#define LOCK_NOT_AVAILABLE   "55P03" /* somebody was always there: not worth a person's look */
#define CREDITS_EVERY_MAX_MS 30000
#define SCHEMA_EVERY_MS      5000
#define SUMS_EVERY_MS        5000
#define SUMS_MOST            4 /* hours at a time: the session has more urgent chores */

static bool chore_failed(const struct rows *rows)
{
    if (rows_status(rows) == ROWS_OK)
        return false;
    log_warn("chore.failed", log_str("reason", rows_error(rows)));
    return true;
}

static void taken_over(void *ctx, const struct rows *rows)
{
    struct worker *worker = ctx;
    if (chore_failed(rows))
        return;
    for (int row = 0; row < rows_count(rows); row++)
        log_warn("lease.taken_over", log_int("order", rows_int(rows, row, "order_id")),
                 log_str("from", rows_text(rows, row, "from_worker")), log_str("state", rows_text(rows, row, "state")));
    if (rows_count(rows) > 0)
        claim_wake(worker);
}

static void brought_forward(void *ctx, const struct rows *rows)
{
    if (!chore_failed(rows) && rows_count(rows) == 1 && rows_int(rows, 0, "woken") > 0)
        claim_wake(ctx);
}

static void short_released(void *ctx, const struct rows *rows)
{
    if (!chore_failed(rows) && rows_count(rows) == 1 && rows_int(rows, 0, "released") > 0)
        account_look_again(ctx, 0);
}

static void short_balance_read(struct account_state *account, void *ctx, const struct answer *answer)
{
    struct worker *worker = account->worker;
    (void)ctx;
    account->polling = false;
    if (answer->verdict != VERDICT_DONE || !answer->has_balance || !account->configured)
        return;
    account_balance(worker->house, account->config->name, answer->balance, answer->sandbox);
    account_release_short(worker->house, account->config->name, answer->balance, short_released, account);
}

/* Reads the balance of every account that has orders waiting for credits. */
static void short_accounts(void *ctx, const struct rows *rows)
{
    struct worker *worker = ctx;
    for (int row = 0; row < rows_count(rows); row++) {
        for (size_t i = 0; i < worker->account_count; i++) {
            struct account_state *account = worker->accounts[i];
            if (account->polling || !errand_possible(account) ||
                !text_same(account->config->name, rows_text(rows, row, "account")))
                continue;
            account->polling = true;
            errand_start(account, &(struct call){.name = CALL_BALANCE}, short_balance_read, NULL);
        }
    }
}

static void tray_looked(void *ctx, const struct rows *rows)
{
    if (!chore_failed(rows))
        probe_tray(ctx, rows);
}

static void chore(struct worker *worker, const struct query *query, session_done_fn *done)
{
    session_submit(worker->house, query, NULL, CHORE_TIMEOUT_MS, done, worker);
}

static void chore_ended(void *ctx, const struct rows *rows)
{
    (void)ctx;
    chore_failed(rows);
}

/* A worker that the schema does not serve would take orders and lose its way. */
static void schema_known(void *ctx, const struct schema_view *view)
{
    struct worker *worker = ctx;
    if (view->fit == SCHEMA_UNKNOWN)
        return;
    worker->schema_good = view->fit == SCHEMA_FITS;
    if (worker->schema_good)
        claim_wake(worker);
    else
        log_error("schema.other", log_int("database", view->version), log_str("reason", view->reason));
}

/* Before the first one is known, windows of before a long sleep may be open. */
static void life_noted(void *ctx, const struct rows *rows)
{
    struct worker *worker = ctx;
    if (chore_failed(rows) || worker->announced)
        return;
    worker->announced = true;
    claim_wake(worker);
}

static void sign_of_life(struct worker *worker)
{
    struct params params;
    params_init(&params);
    params_text(&params, worker->name);
    params_text(&params, BRIDGE_VERSION);
    params_int(&params, worker->running);
    session_submit(worker->house, &QUERY_WORKER_SEEN, &params, CHORE_TIMEOUT_MS, life_noted, worker);
}

/* Sums what has happened since; after a pause there is more of it than one turn takes. */
static void hours_summed(void *ctx, const struct rows *rows)
{
    struct house *house = ctx;
    if (!chore_failed(rows) && rows_int(rows, 0, "hours") == SUMS_MOST)
        house->sums_ms = 0;
}

static void hours_sum(struct worker *worker, struct house *house)
{
    struct params params;
    params_init(&params);
    params_int(&params, SUMS_MOST);
    session_submit(worker->house, &QUERY_HOURS_SUM, &params, CHORE_TIMEOUT_MS, hours_summed, house);
}

/* A transaction each: one for all would deadlock with who reads several of them. */
static void partitions_make(struct worker *worker)
{
    static const char *const tables[] = {"event", "attempt", "order_history", "refusal"};

    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        struct params params;
        params_init(&params);
        params_text(&params, tables[i]);
        session_submit(worker->house, &QUERY_PARTITIONS_MAKE, &params, CHORE_TIMEOUT_MS, chore_ended, NULL);
    }
}

static void history_pruned(void *ctx, const struct rows *rows)
{
    struct house *house = ctx;
    bool busy = text_same(rows_sqlstate(rows), LOCK_NOT_AVAILABLE);
    if (busy)
        log_note("history.busy", log_str("reason", rows_error(rows)));
    if (busy || chore_failed(rows)) {
        house->history_ms -= PARTITION_EVERY_MS - HISTORY_AGAIN_MS;
        return;
    }
    for (int row = 0; row < rows_count(rows); row++)
        log_note("history.pruned", log_str("table", rows_text(rows, row, "name")),
                 log_int("bytes", rows_int(rows, row, "bytes")));
}

static void history_prune(struct worker *worker, struct house *house)
{
    struct params params;
    params_init(&params);
    params_int(&params, worker->config->history_months);
    session_submit(worker->house, &QUERY_HISTORY_PRUNE_KEPT, &params, CHORE_TIMEOUT_MS, history_pruned, house);
}

static int64_t credits_every_ms(const struct worker *worker)
{
    int64_t every = CREDITS_EVERY_MAX_MS;
    for (size_t i = 0; i < worker->config->account_count; i++)
        if (worker->config->accounts[i].retry_cap_ms < every)
            every = worker->config->accounts[i].retry_cap_ms;
    return every;
}

void house_step(struct worker *worker, struct house *house)
{
    int64_t now = worker_now_ms(worker);
    if (!session_ready(worker->house) || !session_idle(worker->house))
        return;
    if (now >= house->schema_ms) {
        house->schema_ms = now + SCHEMA_EVERY_MS;
        schema_read(worker->house, CHORE_TIMEOUT_MS, schema_known, worker);
    }
    if (!worker->schema_good)
        return;
    if (now >= house->partition_ms) {
        house->partition_ms = now + PARTITION_EVERY_MS;
        partitions_make(worker);
        chore(worker, &QUERY_CALLBACKS_PRUNE, chore_ended);
    }
    if (now >= house->due_ms) {
        house->due_ms = now + worker->config->poll_ms;
        work_takeover(worker->house, TAKEOVER_MAX, worker->config, taken_over, worker);
        chore(worker, &QUERY_PAIRS_WAKE, brought_forward);
        chore(worker, &QUERY_ACCOUNT_SWEEP, chore_ended);
        window_tray(worker->house, tray_looked, worker);
        sign_of_life(worker);
    }
    if (worker->config->history_months > 0 && now >= house->history_ms) {
        house->history_ms = now + PARTITION_EVERY_MS;
        history_prune(worker, house);
    }
    if (now >= house->credits_ms) {
        house->credits_ms = now + credits_every_ms(worker);
        chore(worker, &QUERY_ACCOUNTS_SHORT, short_accounts);
        account_release_guarded(worker->house, worker->config, brought_forward, worker);
    }
    if (now >= house->sums_ms) {
        house->sums_ms = now + SUMS_EVERY_MS;
        hours_sum(worker, house);
    }
    catalogue_step(worker);
    sweep_step(worker);
}
