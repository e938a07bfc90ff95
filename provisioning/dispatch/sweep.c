/* SPDX-License-Identifier: Apache-2.0 */
/* The calls and the licenses are taken in one transaction; an answer counts only
 * if no order has touched the license meanwhile.  A crash in between leaves a
 * license that is looked at again when its next turn comes. */
#include "dispatch/sweep.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/log.h"
#include "dispatch/errand.h"
#include "dispatch/ration.h"
#include "store/sweep.h"

#define SWEEP_CALLS_MAX    4 /* at once, in one worker */
#define SWEEP_EVERY_MAX_MS 60000

struct sweep {
    struct sweep_license license;
    int64_t every_ms;
};

static void sweep_kept(void *ctx, const struct rows *rows)
{
    (void)ctx;
    if (rows_status(rows) != ROWS_OK)
        log_warn("sweep.not_stored", log_str("reason", rows_error(rows)));
}

static void sweep_answered(struct account_state *account, void *ctx, const struct answer *answer)
{
    struct sweep *sweep = ctx;
    struct sweep_result result = {.license = sweep->license,
                                  .code = answer->reason_code,
                                  .reason = answer->message != NULL ? answer->message : answer->reason,
                                  .expires_ms = answer->expires_ms,
                                  .activated_ms = answer->activated_ms};

    account->sweeping--;
    log_info("license.swept", log_int("license", sweep->license.license_id), log_str("code", answer->reason_code));
    sweep_end(account->worker->house, &result, sweep->every_ms, sweep_kept, NULL);
    free(sweep);
}

static void sweep_taken(void *ctx, const struct rows *rows)
{
    struct account_state *account = ctx;
    int count = rows_status(rows) == ROWS_OK ? rows_count(rows) : 0;

    account->sweep_asking = false;
    for (int row = 0; row < count && errand_possible(account); row++) {
        struct plan_input plan = {.provider = provider_find(account->config->provider)->kind, .type = ORDER_VERIFY};
        struct sweep *sweep = heap_alloc(sizeof *sweep);
        struct call call;

        sweep->every_ms = account->config->sweep_ms;
        if (!sweep_read(rows, row, &sweep->license, &plan) || !plan_call(&plan, &call)) {
            free(sweep);
            continue;
        }
        account->sweeping++;
        errand_start(account, &call, sweep_answered, sweep);
    }
    if (count == SWEEP_CALLS_MAX)
        account->sweep_ms = worker_now_ms(account->worker); /* there may be more */
}

static void account_sweep(struct account_state *account)
{
    struct worker *worker = account->worker;
    const struct config_account *config = account->config;
    int64_t now = worker_now_ms(worker), pause = config->sweep_ms / 20;
    struct rations rations;

    if (now < account->sweep_ms || config->sweep_ms == 0 || account->sweeping > 0 || account->sweep_asking ||
        !errand_possible(account) || account_room(account) < SWEEP_CALLS_MAX ||
        provider_find(config->provider)->path(CALL_VERIFY) == NULL)
        return;
    if (pause < worker->config->poll_ms)
        pause = worker->config->poll_ms;
    account->sweep_ms = now + (pause < SWEEP_EVERY_MAX_MS ? pause : SWEEP_EVERY_MAX_MS);
    account->sweep_asking = true;
    ration_list(account, &rations);
    sweep_take(worker->house, &rations, ration_limit(config, CALL_VERIFY), SWEEP_CALLS_MAX, config->sweep_ms,
               sweep_taken, account);
}

void sweep_step(struct worker *worker)
{
    for (size_t i = 0; i < worker->account_count; i++)
        if (worker->accounts[i]->configured)
            account_sweep(worker->accounts[i]);
}
