/* SPDX-License-Identifier: Apache-2.0 */
/* A worker's statements.  Turns rows into struct work and outcomes into
 * parameters; decides nothing. */
#include "store/work.h"

#include <assert.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/text.h"
#include "query.h"

#define STATEMENT_TIMEOUT_MS 15000

static char *column_dup(struct work *work, const struct rows *rows, int row, const char *column)
{
    return arena_strdup(&work->arena, rows_text(rows, row, column));
}

static void plan_read(struct work *work, const struct rows *rows, int row)
{
    struct plan_input *plan = &work->plan;
    plan->type = work->type;
    plan->upstream_type = column_dup(work, rows, row, "upstream_type");
    plan->new_upstream_type = column_dup(work, rows, row, "new_upstream_type");
    plan->ip = column_dup(work, rows, row, "ip");
    plan->new_ip = column_dup(work, rows, row, "new_ip");
    plan->billing_months = (int)rows_int(rows, row, "billing_months");
    plan->license_key = column_dup(work, rows, row, "license_key");
    plan->customer_email = column_dup(work, rows, row, "customer_email");
    plan->domain = column_dup(work, rows, row, "domain");
    plan->hwid = column_dup(work, rows, row, "hwid");
    plan->machine_name = column_dup(work, rows, row, "machine_name");
    plan->os_info = column_dup(work, rows, row, "os_info");
    plan->cause = column_dup(work, rows, row, "cause");
}

/* The words that have a type in C; false when one of them is new to us. */
static bool words_read(struct work *work, const struct rows *rows, int row)
{
    const char *verification = rows_text(rows, row, "verification_type");
    const char *limit = rows_text(rows, row, "max_credits");
    const char *learned = rows_text(rows, row, "learned");
    work->has_learned = learned != NULL && credits_parse(learned, &work->learned);
    return order_type_parse(rows_text(rows, row, "type"), &work->type) &&
           provider_kind_parse(rows_text(rows, row, "provider"), &work->plan.provider) &&
           (verification == NULL || verification_parse(verification, &work->plan.verification)) &&
           (limit == NULL || credits_parse(limit, &work->max_credits));
}

struct work *work_read(const struct rows *rows, int row)
{
    struct work *work = heap_alloc(sizeof *work);
    arena_init(&work->arena);
    work->order_id = rows_int(rows, row, "order_id");
    if (!words_read(work, rows, row)) {
        log_error("work.unreadable", log_int("order", work->order_id));
        work_free(&work);
        return NULL;
    }
    work->license_id = rows_int(rows, row, "license_id");
    work->epoch = rows_int(rows, row, "epoch");
    work->attempt = (int)rows_int(rows, row, "attempt");
    work->paid = rows_bool(rows, row, "paid");
    work->doubted = rows_bool(rows, row, "doubted");
    work->recycle = rows_bool(rows, row, "recycle");
    work->account = column_dup(work, rows, row, "account");
    work->source = column_dup(work, rows, row, "source");
    work->service_id = column_dup(work, rows, row, "service_id");
    work->product_code = column_dup(work, rows, row, "product_code");
    work->new_product_code = column_dup(work, rows, row, "new_product_code");
    work->period_end = column_dup(work, rows, row, "period_end");
    work->target_fresh = rows_bool(rows, row, "target_fresh");
    work->license_status = column_dup(work, rows, row, "license_status");
    plan_read(work, rows, row);
    return work;
}

void work_free(struct work **work)
{
    if (*work == NULL)
        return;
    arena_clear(&(*work)->arena);
    free(*work);
    *work = NULL;
}

static void params_credits(struct params *params, bool given, credits_t credits)
{
    char text[CREDITS_TEXT_MAX];
    credits_format(credits, text);
    params_text(params, given ? text : NULL);
}

void work_claim(struct session *session, const char *worker, const char *const *accounts, size_t account_count,
                int limit, int64_t lease_ms, session_done_fn *done, void *ctx)
{
    struct params params;
    params_init(&params);
    params_text(&params, worker);
    params_array(&params, PARAMS_TEXT);
    for (size_t i = 0; i < account_count; i++)
        params_add_text(&params, accounts[i]);
    params_int(&params, limit);
    params_int(&params, lease_ms);
    session_submit(session, &QUERY_WORK_CLAIM, &params, STATEMENT_TIMEOUT_MS, done, ctx);
}

void work_claim_paid(struct session *session, const char *worker, const char *account, int limit, int64_t lease_ms,
                     session_done_fn *done, void *ctx)
{
    struct params params;
    params_init(&params);
    params_text(&params, worker);
    params_text(&params, account);
    params_int(&params, limit);
    params_int(&params, lease_ms);
    session_submit(session, &QUERY_WORK_CLAIM_PAID, &params, STATEMENT_TIMEOUT_MS, done, ctx);
}

void work_begin(struct session *session, const char *worker, const struct work *work, int64_t lease_ms, credits_t month,
                const struct work_limits *limits, session_done_fn *done, void *ctx)
{
    struct params params;
    params_init(&params);
    params_text(&params, worker);
    params_int(&params, work->order_id);
    params_int(&params, work->epoch);
    params_int(&params, lease_ms);
    params_credits(&params, true, month);
    params_int(&params, limits->width);
    params_int(&params, limits->count);
    params_int(&params, limits->span_ms);
    session_submit(session, &QUERY_WORK_BEGIN, &params, STATEMENT_TIMEOUT_MS, done, ctx);
}

enum work_go work_begin_read(const struct rows *rows, int *attempt, credits_t *price)
{
    const char *code = rows_text(rows, 0, "code");
    const char *text = rows_text(rows, 0, "price");
    bool priced = text != NULL && credits_parse(text, price);
    *attempt = (int)rows_int(rows, 0, "attempt");
    if (text_same(code, "go") && priced && *attempt > 0)
        return WORK_GO;
    if (text_same(code, "dear") && priced)
        return WORK_DEAR;
    if (text_same(code, "short") && priced)
        return WORK_SHORT;
    return text_same(code, "wait") ? WORK_WAIT : WORK_LOST;
}

static void fence_answered(void *ctx, const struct rows *rows)
{
    bool *go = ctx;
    *go = rows_status(rows) == ROWS_OK && rows_count(rows) == 1 && rows_bool(rows, 0, "go");
    if (rows_status(rows) != ROWS_OK)
        log_warn("fence.unanswered", log_str("reason", rows_error(rows)));
}

bool work_fence(struct session *session, const struct work *work, int64_t call_timeout_ms, int64_t timeout_ms)
{
    struct params params;
    bool go = false;
    params_init(&params);
    params_int(&params, work->order_id);
    params_int(&params, work->attempt);
    params_int(&params, work->epoch);
    params_int(&params, call_timeout_ms);
    session_run(session, &QUERY_WORK_FENCE, &params, timeout_ms, fence_answered, &go);
    return go;
}

/* One array parameter, one element per outcome, written by the expression. */
#define OUTCOME_ARRAY(kind, add)                                                                                       \
    do {                                                                                                               \
        params_array(&params, kind);                                                                                   \
        for (size_t i = 0; i < count; i++) {                                                                           \
            const struct work_outcome *o = &outcomes[i];                                                               \
            add;                                                                                                       \
        }                                                                                                              \
    } while (0)

void work_outcomes(struct session *session, const struct work_outcome *outcomes, size_t count, session_done_fn *done,
                   void *ctx)
{
    struct params params;
    params_init(&params);
    OUTCOME_ARRAY(PARAMS_INT8, params_add_int(&params, o->order_id));
    OUTCOME_ARRAY(PARAMS_INT8, params_add_int(&params, o->attempt));
    OUTCOME_ARRAY(PARAMS_INT8, params_add_int(&params, o->epoch));
    OUTCOME_ARRAY(PARAMS_TEXT, params_add_text(&params, order_state_word(o->to)));
    OUTCOME_ARRAY(PARAMS_TEXT, params_add_text(&params, o->reason_code));
    OUTCOME_ARRAY(PARAMS_TEXT, params_add_text(&params, o->reason));
    OUTCOME_ARRAY(PARAMS_INT8, params_add_int(&params, o->wait_ms));
    OUTCOME_ARRAY(PARAMS_INT8, params_add_int(&params, o->settle_ms));
    OUTCOME_ARRAY(PARAMS_BOOL, params_add_bool(&params, o->doubted));
    OUTCOME_ARRAY(PARAMS_BOOL, params_add_bool(&params, o->key_free));
    OUTCOME_ARRAY(PARAMS_BOOL, params_add_bool(&params, o->sent));
    OUTCOME_ARRAY(PARAMS_TEXT, params_add_text(&params, verdict_word(o->verdict)));
    OUTCOME_ARRAY(PARAMS_INT8, params_add_int(&params, o->http_status));
    OUTCOME_ARRAY(PARAMS_INT8, params_add_int(&params, o->curl_code));
    OUTCOME_ARRAY(PARAMS_INT8, params_add_int(&params, o->elapsed_ms));
    OUTCOME_ARRAY(PARAMS_TEXT, params_add_text(&params, o->request));
    OUTCOME_ARRAY(PARAMS_BYTEA, params_add_bytes(&params, o->answer, o->answer_len));
    OUTCOME_ARRAY(PARAMS_TEXT, params_add_text(&params, o->upstream_license_id));
    OUTCOME_ARRAY(PARAMS_BOOL, params_add_bool(&params, o->pause_account));
    params_array(&params, PARAMS_INT8);
    for (size_t i = 0; i < count; i++) {
        if (outcomes[i].expires_ms == INT64_MIN)
            params_add_null(&params);
        else
            params_add_int(&params, outcomes[i].expires_ms);
    }
    session_submit(session, &QUERY_WORK_OUTCOMES, &params, STATEMENT_TIMEOUT_MS, done, ctx);
}

void work_activated(struct session *session, int64_t order_id, int64_t activated_ms)
{
    struct params params;
    params_init(&params);
    params_int(&params, order_id);
    params_int(&params, activated_ms);
    session_submit(session, &QUERY_LICENSE_ACTIVATED, &params, STATEMENT_TIMEOUT_MS, NULL, NULL);
}

void work_return(struct session *session, const struct work *work, enum order_state to, const char *reason_code,
                 const char *reason, int64_t wait_ms, bool has_price, credits_t price, session_done_fn *done, void *ctx)
{
    struct params params;
    assert(to == ORDER_QUEUED || to == ORDER_HELD);
    params_init(&params);
    params_int(&params, work->order_id);
    params_int(&params, work->epoch);
    params_text(&params, order_state_word(to));
    params_text(&params, reason_code);
    params_text(&params, reason);
    params_int(&params, wait_ms);
    params_credits(&params, has_price, price);
    session_submit(session, &QUERY_WORK_RETURN, &params, STATEMENT_TIMEOUT_MS, done, ctx);
}

void work_takeover(struct session *session, int limit, const struct config *config, session_done_fn *done, void *ctx)
{
    struct params params;
    params_init(&params);
    params_int(&params, limit);
    params_array(&params, PARAMS_TEXT);
    for (size_t i = 0; i < config->account_count; i++)
        params_add_text(&params, config->accounts[i].name);
    params_array(&params, PARAMS_INT8);
    for (size_t i = 0; i < config->account_count; i++)
        params_add_int(&params, config->accounts[i].quiet_ms);
    session_submit(session, &QUERY_WORK_TAKEOVER, &params, STATEMENT_TIMEOUT_MS, done, ctx);
}
