/* SPDX-License-Identifier: Apache-2.0 */
/* Decides when to ask the database for work.  A claim is asked for when an
 * account is due and has room; the poll makes up for notifications that were
 * lost. */
#include "dispatch/claim.h"

#include "base/log.h"
#include "dispatch/attempt.h"
#include "dispatch/ration.h"
#include "dispatch/window.h"

/* A budget that has a call again "now" is asked no sooner than this. */
#define RATION_WAIT_MS 20

static void repeatable_ended(struct account_state *account)
{
    account->running--;
}

static void work_begin_one(struct account_state *account, struct work *work, bool good)
{
    account->running++;
    account->worker->running++;
    if (good)
        attempt_start(account, &work, 0, repeatable_ended);
    else
        attempt_abandon(account, &work, "not_called", "the worker stopped, or was too slow, before the call",
                        repeatable_ended);
}

static void work_claimed(void *ctx, const struct rows *rows)
{
    struct account_state *account = ctx;
    struct worker *worker = account->worker;
    bool good = !worker->draining && worker_lease_good(worker, account->config, account->claim_ms);
    account->claiming = false;
    if (rows_status(rows) != ROWS_OK)
        return; /* committed or not, the leases of what we cannot see run out */
    for (int row = 0; row < rows_count(rows); row++) {
        struct work *work = work_read(rows, row);
        if (work != NULL)
            work_begin_one(account, work, good);
    }
    if (rows_count(rows) > 0)
        account_look_again(account, 0); /* there may be more */
}

/* The same, where a row may say instead when a spent budget has a call again. */
static void ration_claimed(void *ctx, const struct rows *rows)
{
    struct account_state *account = ctx;
    struct worker *worker = account->worker;
    bool good = !worker->draining && worker_lease_good(worker, account->config, account->claim_ms);
    account->claiming = false;
    if (rows_status(rows) != ROWS_OK)
        return;
    for (int row = 0; row < rows_count(rows); row++) {
        if (rows_null(rows, row, "order_id")) {
            int64_t wait_ms = rows_int(rows, row, "wait_ms");
            account_look_again(account, wait_ms > RATION_WAIT_MS ? wait_ms : RATION_WAIT_MS);
            continue;
        }
        struct work *work = work_read(rows, row);
        if (work == NULL)
            continue;
        work->probe = rows_bool(rows, row, "probe");
        work_begin_one(account, work, good);
        account_look_again(account, 0);
    }
}

static void account_claim(struct account_state *account, int64_t now)
{
    struct worker *worker = account->worker;
    int room = account_room(account);
    if (!account->claiming && now >= account->due_ms && room > 0) {
        account->claiming = true;
        account->claim_ms = now;
        account->due_ms = now + worker->config->poll_ms;
        if (account->config->limit_count > 0)
            ration_claim(account, room, ration_claimed);
        else
            work_claim(worker->work, worker->name, &account->config->name, 1, room,
                       worker_lease_ms(worker, account->config), work_claimed, account);
    }
    if (!account->windowing && now >= account->paid_due_ms) {
        account->paid_due_ms = now + worker->config->poll_ms;
        window_step(account);
    }
}

static bool claim_possible(struct worker *worker)
{
    if (!session_ready(worker->work))
        worker->announced = false; /* what answers next may be an older database */
    return !worker->draining && worker->schema_good && worker->announced;
}

void claim_step(struct worker *worker)
{
    if (!claim_possible(worker))
        return;
    for (size_t i = 0; i < worker->account_count; i++)
        if (worker->accounts[i]->configured)
            account_claim(worker->accounts[i], worker_now_ms(worker));
}

/* When the account is due.  The breaker's rest stops calls, not the window. */
static int64_t account_due_ms(const struct account_state *account, int64_t now)
{
    int64_t rest = account->breaker.until_ms, due = INT64_MAX;
    bool room = now < rest || account_room(account) > 0; /* else the end of a call makes room */
    if (!account->claiming && room)
        due = account->due_ms > rest ? account->due_ms : rest;
    if (!account->windowing && account->paid_due_ms < due)
        due = account->paid_due_ms;
    return due;
}

int64_t claim_wait_ms(const struct worker *worker)
{
    int64_t now = worker_now_ms(worker), due = now + worker->config->poll_ms;
    if (worker->draining || !worker->schema_good || !worker->announced || !session_ready(worker->work))
        return due - now;
    for (size_t i = 0; i < worker->account_count; i++) {
        const struct account_state *account = worker->accounts[i];
        int64_t at = account->configured ? account_due_ms(account, now) : due;
        if (at < due)
            due = at;
    }
    return due > now ? due - now : 0;
}

void claim_wake(struct worker *worker)
{
    for (size_t i = 0; i < worker->account_count; i++)
        account_look_again(worker->accounts[i], 0);
}
