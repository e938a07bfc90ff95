/* SPDX-License-Identifier: Apache-2.0 */
/* A sweep's statements. */
#include "store/sweep.h"

#include "query.h"

#define STATEMENT_TIMEOUT_MS 15000

void sweep_take(struct session *session, const struct rations *rations, const struct config_limit *limit, int most,
                int64_t every_ms, session_done_fn *done, void *ctx)
{
    struct params params;

    params_init(&params);
    params_text(&params, rations->account);
    params_int(&params, most);
    params_int(&params, every_ms);
    params_text(&params, limit != NULL ? limit->endpoint : NULL);
    params_text(&params, rations->egress);
    if (limit == NULL) {
        params_null(&params);
        params_null(&params);
    } else {
        params_int(&params, limit->requests);
        params_int(&params, limit->per_ms);
    }
    params_rations(&params, rations, limit);
    session_submit(session, &QUERY_SWEEP_TAKE, &params, STATEMENT_TIMEOUT_MS, done, ctx);
}

bool sweep_read(const struct rows *rows, int row, struct sweep_license *license, struct plan_input *plan)
{
    const char *verification = rows_text(rows, row, "verification_type");

    license->license_id = rows_int(rows, row, "license_id");
    license->epoch = rows_int(rows, row, "epoch");
    plan->license_key = rows_text(rows, row, "license_key");
    plan->customer_email = rows_text(rows, row, "customer_email");
    plan->hwid = rows_text(rows, row, "hwid");
    plan->domain = rows_text(rows, row, "domain");
    plan->ip = rows_text(rows, row, "ip");
    return verification == NULL || verification_parse(verification, &plan->verification);
}

static void params_time(struct params *params, int64_t ms)
{
    if (ms == INT64_MIN)
        params_null(params);
    else
        params_int(params, ms);
}

void sweep_end(struct session *session, const struct sweep_result *result, int64_t every_ms, session_done_fn *done,
               void *ctx)
{
    struct params params;

    params_init(&params);
    params_int(&params, result->license.license_id);
    params_int(&params, result->license.epoch);
    params_text(&params, result->code);
    params_text(&params, result->reason);
    params_time(&params, result->expires_ms);
    params_time(&params, result->activated_ms);
    params_int(&params, every_ms);
    session_submit(session, &QUERY_SWEEP_END, &params, STATEMENT_TIMEOUT_MS, done, ctx);
}
