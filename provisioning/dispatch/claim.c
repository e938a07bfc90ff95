/* SPDX-License-Identifier: Apache-2.0 */
/* Decides when to ask the database for work.  A claim is asked for when an
 * account is due and has room; the poll makes up for notifications that were
 * lost. */
#include "dispatch/claim.h"

#include "base/log.h"
#include "dispatch/attempt.h"
#include "dispatch/spend.h"

static int account_room(const struct account_state *account)
{
    const struct worker *worker = account->worker;
    int room = account->config->parallel - account->running;
    int total = worker->config->worker_calls - worker->running;
    return breaker_allows(&account->breaker, worker_now_ms(worker), room < total ? room : total);
}

static void repeatable_ended(struct account_state *account)
{
    account->running--;
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
        if (work == NULL)
            continue;
        account->running++;
        worker->running++;
        if (good)
            attempt_start(account, &work, 0, repeatable_ended);
        else
            attempt_abandon(account, &work, "not_called", "the worker stopped, or was too slow, before the call",
                            repeatable_ended);
    }
    if (rows_count(rows) > 0)
        account_look_again(account, 0); /* there may be more */
}

static void account_claim(struct account_state *account, int64_t now)
{
    struct worker *worker = account->worker;
    int room = account_room(account);
    if (!account->claiming && now >= account->due_ms && room > 0) {
        account->claiming = true;
        account->claim_ms = now;
        account->due_ms = now + worker->config->poll_ms;
        work_claim(worker->work, worker->name, &account->config->name, 1, room,
                   worker_lease_ms(worker, account->config), work_claimed, account);
    }
    if (!account->spending && now >= account->paid_due_ms && account_room(account) > 0) {
        account->paid_due_ms = now + worker->config->poll_ms;
        spend_start(account);
    }
}

void claim_step(struct worker *worker)
{
    if (worker->draining || !worker->schema_good || !session_ready(worker->work))
        return;
    for (size_t i = 0; i < worker->account_count; i++)
        if (worker->accounts[i]->configured)
            account_claim(worker->accounts[i], worker_now_ms(worker));
}

/* When the account is due, its breaker's rest included. */
static int64_t account_due_ms(const struct account_state *account)
{
    int64_t due = INT64_MAX;
    if (!account->claiming && account->due_ms < due)
        due = account->due_ms;
    if (!account->spending && account->paid_due_ms < due)
        due = account->paid_due_ms;
    return due > account->breaker.until_ms ? due : account->breaker.until_ms;
}

int64_t claim_wait_ms(const struct worker *worker)
{
    int64_t now = worker_now_ms(worker), due = now + worker->config->poll_ms;
    if (worker->draining || !worker->schema_good || !session_ready(worker->work))
        return due - now;
    for (size_t i = 0; i < worker->account_count; i++) {
        const struct account_state *account = worker->accounts[i];
        bool resting = now < account->breaker.until_ms;
        if (!account->configured || (!resting && account_room(account) <= 0))
            continue; /* the end of a call makes room */
        int64_t at = account_due_ms(account);
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
