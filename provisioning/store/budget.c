/* SPDX-License-Identifier: Apache-2.0 */
/* A budget's statements. */
#include "store/budget.h"

#include "query.h"

#define STATEMENT_TIMEOUT_MS 15000

static void params_or_null(struct params *params, const struct ration *ration, int64_t value)
{
    if (ration->limit == NULL)
        params_add_null(params);
    else
        params_add_int(params, value);
}

void budget_claim(struct session *session, const char *worker, const struct rations *rations, int limit,
                  int64_t lease_ms, session_done_fn *done, void *ctx)
{
    struct params params;

    params_init(&params);
    params_text(&params, worker);
    params_text(&params, rations->account);
    params_int(&params, limit);
    params_int(&params, lease_ms);
    params_text(&params, rations->egress);
    params_array(&params, PARAMS_TEXT);
    for (size_t i = 0; i < rations->count; i++)
        params_add_text(&params, order_type_word(rations->list[i].type));
    params_array(&params, PARAMS_TEXT);
    for (size_t i = 0; i < rations->count; i++)
        params_add_text(&params, rations->list[i].limit != NULL ? rations->list[i].limit->endpoint : NULL);
    params_array(&params, PARAMS_INT8);
    for (size_t i = 0; i < rations->count; i++)
        params_or_null(&params, &rations->list[i],
                       rations->list[i].limit != NULL ? rations->list[i].limit->requests : 0);
    params_array(&params, PARAMS_INT8);
    for (size_t i = 0; i < rations->count; i++)
        params_or_null(&params, &rations->list[i], rations->list[i].limit != NULL ? rations->list[i].limit->per_ms : 0);
    session_submit(session, &QUERY_WORK_CLAIM_RATIONED, &params, STATEMENT_TIMEOUT_MS, done, ctx);
}

static void budget_name(struct params *params, const struct rations *rations, const struct config_limit *limit)
{
    params_init(params);
    params_text(params, rations->account);
    params_text(params, limit->endpoint);
    params_text(params, rations->egress);
}

void params_rations(struct params *params, const struct rations *rations, const struct config_limit *limit)
{
    params_array(params, PARAMS_TEXT);
    for (size_t i = 0; i < rations->count; i++)
        if (rations->list[i].limit == limit)
            params_add_text(params, order_type_word(rations->list[i].type));
}

void budget_take(struct session *session, const struct rations *rations, const struct budget_want *want,
                 session_done_fn *done, void *ctx)
{
    struct params params;

    budget_name(&params, rations, want->limit);
    params_int(&params, want->limit->requests);
    params_int(&params, want->limit->per_ms);
    params_rations(&params, rations, want->limit);
    params_int(&params, want->calls);
    params_int(&params, want->reserve);
    params_int(&params, want->probe_ms);
    session_submit(session, &QUERY_BUDGET_TAKE, &params, STATEMENT_TIMEOUT_MS, done, ctx);
}

void budget_cool(struct session *session, const struct rations *rations, const struct config_limit *limit,
                 int64_t retry_after_ms, int64_t elapsed_ms, session_done_fn *done, void *ctx)
{
    struct params params;

    budget_name(&params, rations, limit);
    if (retry_after_ms < 0)
        params_null(&params);
    else
        params_int(&params, retry_after_ms);
    params_int(&params, elapsed_ms);
    session_submit(session, &QUERY_BUDGET_COOL, &params, STATEMENT_TIMEOUT_MS, done, ctx);
}

void budget_ease(struct session *session, const struct rations *rations, const struct config_limit *limit)
{
    struct params params;

    budget_name(&params, rations, limit);
    session_submit(session, &QUERY_BUDGET_EASE, &params, STATEMENT_TIMEOUT_MS, NULL, NULL);
}
