/* SPDX-License-Identifier: Apache-2.0 */
/* intake: carries a batch of deliveries to the database and its answer back.
 *
 * It exists so that the front door speaks of events and outcomes, never of
 * columns: one table below says which value goes into which $n of
 * sql/query/intake_accept.sql.  It owns the memory of an answer on its way and
 * never decides anything: what the database did not answer in full is handed on
 * as a failure.  A crash leaves either the whole batch committed or none of it;
 * the panel's repetition finds out which. */
#include "store/intake.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "query.h"

#define SIDE_TIMEOUT_MS 5000 /* hints and refusals: worth little once late */

/* One $n: a plain text of the request at `offset`, or whatever `add` adds. */
struct column {
    enum params_kind kind;
    size_t offset;
    void (*add)(struct params *params, const struct intake_event *event);
};

static void add_source(struct params *params, const struct intake_event *event)
{
    params_add_text(params, event->source);
}

static void add_delivery_id(struct params *params, const struct intake_event *event)
{
    params_add_text(params, event->delivery_id);
}

static void add_digest(struct params *params, const struct intake_event *event)
{
    params_add_bytes(params, event->digest, DIGEST_SIZE);
}

static void add_body(struct params *params, const struct intake_event *event)
{
    params_add_bytes(params, event->body, event->body_len);
}

static void add_address(struct params *params, const struct intake_event *event)
{
    params_add_text(params, event->address);
}

static void add_type(struct params *params, const struct intake_event *event)
{
    params_add_text(params, order_type_word(event->request->type));
}

static void add_fingerprint(struct params *params, const struct intake_event *event)
{
    params_add_bytes(params, event->request->fingerprint, DIGEST_SIZE);
}

static void add_provider(struct params *params, const struct intake_event *event)
{
    params_add_text(params, event->request->product->account->provider);
}

static void add_account(struct params *params, const struct intake_event *event)
{
    params_add_text(params, event->request->product->account->name);
}

static void add_upstream_type(struct params *params, const struct intake_event *event)
{
    params_add_text(params, event->request->product->upstream_type);
}

static void add_new_upstream_type(struct params *params, const struct intake_event *event)
{
    const struct config_product *product = event->request->new_product;
    params_add_text(params, product != NULL ? product->upstream_type : NULL);
}

static void add_recycled(struct params *params, const struct intake_event *event)
{
    bool renew = event->request->product->recycled == CONFIG_RECYCLED_RENEW;
    params_add_text(params, renew ? "renew" : "create");
}

static void add_paid(struct params *params, const struct intake_event *event)
{
    params_add_bool(params, event->request->paid);
}

static void add_billing_months(struct params *params, const struct intake_event *event)
{
    if (event->request->billing_months == 0)
        params_add_null(params);
    else
        params_add_int(params, event->request->billing_months);
}

static void add_verification(struct params *params, const struct intake_event *event)
{
    params_add_text(params, verification_word(event->request->verification));
}

static void add_sequence(struct params *params, const struct intake_event *event)
{
    if (!event->request->has_sequence)
        params_add_null(params);
    else
        params_add_int(params, event->request->sequence);
}

static void add_max_credits(struct params *params, const struct intake_event *event)
{
    char text[CREDITS_TEXT_MAX];

    if (!event->request->has_max_credits) {
        params_add_null(params);
        return;
    }
    credits_format(event->request->max_credits, text);
    params_add_text(params, text);
}

static void add_event_ms(struct params *params, const struct intake_event *event)
{
    if (event->request->event_ms == INT64_MIN)
        params_add_null(params);
    else
        params_add_int(params, event->request->event_ms);
}

#define COLUMN(kind, add)                                                                                              \
    {                                                                                                                  \
        kind, 0, add                                                                                                   \
    }
#define FIELD(member)                                                                                                  \
    {                                                                                                                  \
        PARAMS_TEXT, offsetof(struct order_request, member), NULL                                                      \
    }

/* In the order of sql/query/intake_accept.sql. */
static const struct column COLUMNS[] = {
    COLUMN(PARAMS_TEXT, add_source),
    COLUMN(PARAMS_TEXT, add_delivery_id),
    COLUMN(PARAMS_BYTEA, add_digest),
    COLUMN(PARAMS_BYTEA, add_body),
    COLUMN(PARAMS_TEXT, add_address),
    COLUMN(PARAMS_TEXT, add_type),
    FIELD(operation_key),
    COLUMN(PARAMS_BYTEA, add_fingerprint),
    FIELD(service_id),
    COLUMN(PARAMS_TEXT, add_provider),
    COLUMN(PARAMS_TEXT, add_account),
    FIELD(product_code),
    COLUMN(PARAMS_TEXT, add_upstream_type),
    FIELD(new_product_code),
    COLUMN(PARAMS_TEXT, add_new_upstream_type),
    COLUMN(PARAMS_TEXT, add_recycled),
    COLUMN(PARAMS_BOOL, add_paid),
    FIELD(ip),
    FIELD(new_ip),
    COLUMN(PARAMS_INT8, add_billing_months),
    FIELD(period_end),
    FIELD(license_key),
    FIELD(customer_email),
    FIELD(domain),
    FIELD(hwid),
    FIELD(machine_name),
    FIELD(os_info),
    COLUMN(PARAMS_TEXT, add_verification),
    COLUMN(PARAMS_INT8, add_sequence),
    FIELD(cause),
    COLUMN(PARAMS_TEXT, add_max_credits),
    FIELD(panel_order_id),
    FIELD(invoice_id),
    FIELD(invoice_item_id),
    COLUMN(PARAMS_INT8, add_event_ms),
};

static const char *request_text(const struct order_request *request, size_t offset)
{
    const char *value;
    memcpy(&value, (const char *)request + offset, sizeof value);
    return value;
}

static void batch_params(struct params *params, const struct intake_event *events, size_t count)
{
    for (size_t c = 0; c < sizeof COLUMNS / sizeof COLUMNS[0]; c++) {
        const struct column *column = &COLUMNS[c];
        params_array(params, column->kind);
        for (size_t i = 0; i < count; i++) {
            if (column->add != NULL)
                column->add(params, &events[i]);
            else
                params_add_text(params, request_text(events[i].request, column->offset));
        }
    }
}

static bool outcome_parse(const char *word, enum intake_outcome *outcome)
{
    static const char *const words[] = {
        [INTAKE_ACCEPTED] = "accepted", [INTAKE_DUPLICATE] = "duplicate", [INTAKE_CONFLICT] = "conflict",
        [INTAKE_REFUSED] = "refused",   [INTAKE_AGAIN] = "again",
    };
    for (size_t i = 0; word != NULL && i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(word, words[i]) == 0) {
            *outcome = (enum intake_outcome)i;
            return true;
        }
    }
    return false;
}

/* A batch on its way. */
struct accept_wait {
    intake_done_fn *done;
    void *ctx;
    size_t count;
    struct intake_result results[];
};

/* The answer counts only when it speaks of every event, each in its place. */
static bool results_read(struct accept_wait *wait, const struct rows *rows)
{
    if (rows_count(rows) < 0 || (size_t)rows_count(rows) != wait->count)
        return false;
    int64_t first = rows_int(rows, 0, "idx");
    for (int i = 0; (size_t)i < wait->count; i++) {
        struct intake_result *result = &wait->results[i];
        if (rows_int(rows, i, "idx") != first + i || !outcome_parse(rows_text(rows, i, "outcome"), &result->outcome))
            return false;
        result->order_id = rows_int(rows, i, "order_id");
        result->state = rows_text(rows, i, "state");
        result->reason = rows_text(rows, i, "reason");
        result->field = rows_text(rows, i, "field");
        result->text = rows_text(rows, i, "text");
    }
    return true;
}

static void accept_done(void *ctx, const struct rows *rows)
{
    struct accept_wait *wait = ctx;
    enum rows_status status = rows_status(rows);

    if (status != ROWS_OK)
        wait->done(wait->ctx, status, rows_error(rows), NULL, 0);
    else if (!results_read(wait, rows))
        wait->done(wait->ctx, ROWS_ERROR, "intake_accept answered in an unknown shape", NULL, 0);
    else
        wait->done(wait->ctx, ROWS_OK, "", wait->results, wait->count);
    free(wait);
}

void intake_accept(struct session *session, const struct intake_event *events, size_t count, int64_t timeout_ms,
                   intake_done_fn *done, void *ctx)
{
    struct accept_wait *wait = heap_alloc(sizeof *wait + count * sizeof wait->results[0]);
    struct params params;

    wait->done = done;
    wait->ctx = ctx;
    wait->count = count;
    params_init(&params);
    batch_params(&params, events, count);
    session_submit(session, &QUERY_INTAKE_ACCEPT, &params, timeout_ms, accept_done, wait);
}

/* Nobody waits for a refusal or a hint; a failure is worth a line, no more. */
static void side_done(void *ctx, const struct rows *rows)
{
    const struct query *query = ctx;
    if (rows_status(rows) != ROWS_OK)
        log_warn("intake.side_failed", log_str("query", query->name), log_str("error", rows_error(rows)));
}

static void side_submit(struct session *session, const struct query *query, struct params *params)
{
    union {
        const struct query *in;
        void *out;
    } ctx = {.in = query};
    session_submit(session, query, params, SIDE_TIMEOUT_MS, side_done, ctx.out);
}

void intake_refuse(struct session *session, const struct intake_refusal *refusal)
{
    struct params params;

    params_init(&params);
    params_text(&params, refusal->source);
    params_text(&params, refusal->address);
    params_text(&params, refusal->delivery_id);
    params_int(&params, refusal->status);
    params_text(&params, refusal->field);
    params_text(&params, refusal->reason);
    params_bytes(&params, refusal->digest, DIGEST_SIZE);
    params_int(&params, refusal->suppressed);
    side_submit(session, &QUERY_INTAKE_REFUSE, &params);
}

void intake_hint(struct session *session)
{
    struct params params;

    params_init(&params);
    side_submit(session, &QUERY_INTAKE_HINT, &params);
}
