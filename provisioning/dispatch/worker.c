/* SPDX-License-Identifier: Apache-2.0 */
/* What every part of a worker asks for: the time, a draw, how long a lease is,
 * how much room an account has. */
#include "dispatch/worker.h"

#include <stdlib.h>
#include <sys/random.h>

int64_t worker_now_ms(const struct worker *worker)
{
    return clock_boot_ms(worker->clock);
}

uint64_t worker_random(void)
{
    uint64_t bits;
    if (getrandom(&bits, sizeof bits, 0) != (ssize_t)sizeof bits)
        abort(); /* cannot happen for so few bytes */
    return bits;
}

int64_t worker_lease_ms(const struct worker *worker, const struct config_account *account)
{
    /* A refused call may be followed by one that reads the balance or gathers evidence. */
    return account->call_timeout_ms * 2 + worker->config->lease_margin_ms;
}

bool worker_lease_good(const struct worker *worker, const struct config_account *account, int64_t claimed_ms)
{
    return worker_now_ms(worker) < claimed_ms + worker_lease_ms(worker, account) - account->call_timeout_ms;
}

void account_look_again(struct account_state *account, int64_t wait_ms)
{
    int64_t at = worker_now_ms(account->worker) + wait_ms;
    if (at < account->due_ms)
        account->due_ms = at;
    if (at < account->paid_due_ms)
        account->paid_due_ms = at;
}

int account_room(const struct account_state *account)
{
    const struct worker *worker = account->worker;
    int room = account->config->parallel - account->running;
    int total = worker->config->worker_calls - worker->running;
    return breaker_allows(&account->breaker, worker_now_ms(worker), room < total ? room : total);
}
