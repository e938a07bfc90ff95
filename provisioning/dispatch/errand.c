/* SPDX-License-Identifier: Apache-2.0 */
/* Holds the configuration while a read is on its way, and counts it as running,
 * so that a stopping worker waits for it.  A crash loses an answer that will be
 * asked for again. */
#include "dispatch/errand.h"

#include <assert.h>
#include <stdlib.h>

#include "base/arena.h"
#include "dispatch/attempt.h"

struct errand {
    struct account_state *account;
    struct config *owner;
    errand_done_fn *done;
    void *ctx;
};

bool errand_possible(const struct account_state *account)
{
    return account->configured && !account->worker->draining &&
           breaker_allows(&account->breaker, worker_now_ms(account->worker), 1) >= 1;
}

static void errand_answered(void *ctx, const struct answer *answer)
{
    struct errand *errand = ctx;
    struct account_state *account = errand->account;

    attempt_report(account, answer);
    account->worker->running--;
    errand->done(account, errand->ctx, answer);
    config_release(&errand->owner);
    free(errand);
}

void errand_start(struct account_state *account, const struct call *call, errand_done_fn *done, void *ctx)
{
    struct errand *errand = heap_alloc(sizeof *errand);
    struct call_start start = {.account = account->config, .call = call, .done = errand_answered, .ctx = errand};

    assert(!call_paid(call->name) && !call_changes(call->name));
    *errand = (struct errand){account, config_hold(account->owner), done, ctx};
    account->worker->running++;
    breaker_started(&account->breaker);
    provider_call(account->worker->loop, &start);
}
