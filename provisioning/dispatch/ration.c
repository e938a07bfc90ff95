/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps nothing in memory: a worker that dies has at most taken calls that it
 * did not make, and they come back with the next stretch. */
#include "dispatch/ration.h"

#include "base/log.h"
#include "base/text.h"

/* What is sold first, then what ends a customer's use, then what gives it back,
 * then what only asks. */
static const enum order_type URGENCY[ORDER_TYPE_COUNT] = {
    ORDER_CREATE,  ORDER_CHANGE_PRODUCT, ORDER_CHANGE_IP, ORDER_TERMINATE,
    ORDER_SUSPEND, ORDER_UNSUSPEND,      ORDER_RENEW,     ORDER_VERIFY,
};

const struct config_limit *ration_limit(const struct config_account *account, enum call_name name)
{
    const char *path = provider_find(account->provider)->path(name);

    for (size_t i = 0; path != NULL && i < account->limit_count; i++)
        if (text_same(path + 1, account->limits[i].endpoint))
            return &account->limits[i];
    return NULL;
}

void ration_list(const struct account_state *account, struct rations *rations)
{
    const struct config_account *config = account->config;
    enum provider_kind kind = provider_find(config->provider)->kind;

    *rations = (struct rations){.account = config->name, .egress = account->worker->config->egress};
    for (size_t i = 0; i < ORDER_TYPE_COUNT; i++) {
        enum call_name name;
        struct ration ration = {.type = URGENCY[i]};

        if (plan_name(kind, ration.type, &name))
            ration.limit = ration_limit(config, name);
        rations->list[rations->count++] = ration;
    }
}

void ration_claim(struct account_state *account, int room, session_done_fn *done)
{
    struct worker *worker = account->worker;
    struct rations rations;

    ration_list(account, &rations);
    budget_claim(worker->work, worker->name, &rations, room, worker_lease_ms(worker, account->config), done, account);
}

bool ration_take(struct account_state *account, enum call_name name, session_done_fn *done, void *ctx)
{
    struct worker *worker = account->worker;
    struct budget_want want = {
        .limit = ration_limit(account->config, name), .calls = 1, .probe_ms = worker_lease_ms(worker, account->config)};
    struct rations rations;

    if (want.limit == NULL)
        return false;
    ration_list(account, &rations);
    budget_take(worker->work, &rations, &want, done, ctx);
    return true;
}

static void cooled(void *ctx, const struct rows *rows)
{
    const struct account_state *account = ctx;

    if (rows_status(rows) != ROWS_OK)
        log_warn("budget.not_stored", log_str("account", account->config->name), log_str("reason", rows_error(rows)));
    else if (rows_count(rows) == 1)
        log_warn("budget.cooled", log_str("account", account->config->name),
                 log_int("rest_ms", rows_int(rows, 0, "rest_ms")));
}

bool ration_throttled(struct account_state *account, const struct answer *answer)
{
    const struct config_limit *limit = ration_limit(account->config, answer->call);
    struct rations rations;

    if (limit == NULL)
        return false;
    ration_list(account, &rations);
    budget_cool(account->worker->work, &rations, limit, answer->seen.retry_after_ms, answer->seen.elapsed_ms, cooled,
                account);
    return true;
}

void ration_probed(struct account_state *account, const struct answer *answer)
{
    const struct config_limit *limit = ration_limit(account->config, answer->call);
    struct rations rations;

    if (limit == NULL || answer->verdict == VERDICT_LATER || answer->seen.status == 0)
        return;
    log_note("budget.eased", log_str("account", account->config->name), log_str("endpoint", limit->endpoint));
    ration_list(account, &rations);
    budget_ease(account->worker->work, &rations, limit);
}
