/* SPDX-License-Identifier: Apache-2.0 */
/* One call at a time on a loop of its own, for a person who waits.
 *
 * Refuses by assertion whatever is not a read: bridgectl must never spend. */
#include "ctl/upstream.h"

#include <assert.h>

#define STEP_MS 1000

bool upstream_offers(const struct config_account *account, enum call_name name)
{
    return provider_find(account->provider)->path(name) != NULL;
}

void upstream_ask(const struct config_account *account, enum call_name name, call_done_fn *done, void *ctx)
{
    struct call call = {.name = name};
    struct provider_loop *loop = provider_loop_open();

    assert(!call_paid(name) && !call_changes(name));
    provider_call(loop, &(const struct call_start){.account = account, .call = &call, .done = done, .ctx = ctx});
    while (provider_loop_running(loop) > 0)
        provider_loop_step(loop, NULL, 0, STEP_MS);
    provider_loop_close(&loop);
}
