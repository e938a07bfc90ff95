/* SPDX-License-Identifier: Apache-2.0 */
/* ops: reads rows into the views that the front door answers from.
 *
 * It owns the memory of a read on its way, writes nothing and keeps nothing: a
 * crash here leaves no trace. */
#include "store/ops.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "query.h"

/* A read on its way; which member counts is known to the function that made it. */
struct read_wait {
    union {
        order_read_fn *order;
        ops_orders_fn *orders;
        source_licenses_fn *licenses;
        token_check_fn *token;
        price_read_fn *price;
    } done;
    void *ctx;
};

static struct read_wait *wait_new(void *ctx)
{
    struct read_wait *wait = heap_alloc(sizeof *wait);
    wait->ctx = ctx;
    return wait;
}

/* The status to hand on; a failure gets its line in the log here, once. */
static enum rows_status read_status(const char *what, const struct rows *rows)
{
    enum rows_status status = rows_status(rows);
    if (status != ROWS_OK)
        log_warn("read.failed", log_str("read", what), log_str("error", rows_error(rows)));
    return status;
}

static void order_view_read(struct order_view *view, const struct rows *rows, int row)
{
    view->order_id = rows_int(rows, row, "order_id");
    view->source = rows_text(rows, row, "source");
    view->service_id = rows_text(rows, row, "service_id");
    view->operation_key = rows_text(rows, row, "operation_key");
    view->type = rows_text(rows, row, "type");
    view->state = rows_text(rows, row, "state");
    view->reason = rows_text(rows, row, "reason");
    view->attempts = rows_int(rows, row, "attempts");
    view->credits = rows_text(rows, row, "credits");
    view->created_at = rows_text(rows, row, "created_at");
    view->updated_at = rows_text(rows, row, "updated_at");
}

static void order_done(void *ctx, const struct rows *rows)
{
    struct read_wait *wait = ctx;
    enum rows_status status = read_status("order", rows);
    struct order_view view = {0};
    bool found = status == ROWS_OK && rows_count(rows) == 1;

    if (found) {
        order_view_read(&view, rows, 0);
        view.license = rows_text(rows, 0, "license");
        view.next_try_at = rows_text(rows, 0, "next_try_at");
    }
    wait->done.order(wait->ctx, status, found ? &view : NULL);
    free(wait);
}

void order_read(struct session *session, int64_t order_id, const char *source, int64_t timeout_ms, order_read_fn *done,
                void *ctx)
{
    struct read_wait *wait = wait_new(ctx);
    struct params params;

    wait->done.order = done;
    params_init(&params);
    params_int(&params, order_id);
    params_text(&params, source);
    session_submit(session, &QUERY_ORDER_READ, &params, timeout_ms, order_done, wait);
}

static void service_orders_done(void *ctx, const struct rows *rows)
{
    struct read_wait *wait = ctx;
    enum rows_status status = read_status("service_orders", rows);
    int count = status == ROWS_OK ? rows_count(rows) : 0;
    struct order_view *views = heap_alloc((size_t)(count > 0 ? count : 1) * sizeof *views);

    for (int i = 0; i < count; i++) {
        order_view_read(&views[i], rows, i);
        views[i].next_try_at = rows_text(rows, i, "next_try_at");
        views[i].license = rows_text(rows, i, "license");
        views[i].evidence = rows_text(rows, i, "evidence");
    }
    wait->done.orders(wait->ctx, status, views, (size_t)count);
    free(views);
    free(wait);
}

void service_orders(struct session *session, const char *source, const char *service_id, int limit, int64_t timeout_ms,
                    ops_orders_fn *done, void *ctx)
{
    struct read_wait *wait = wait_new(ctx);
    struct params params;

    assert(limit > 0 && limit <= OPS_PAGE_MAX);
    wait->done.orders = done;
    params_init(&params);
    params_text(&params, source);
    params_text(&params, service_id);
    params_int(&params, limit);
    session_submit(session, &QUERY_SERVICE_ORDERS, &params, timeout_ms, service_orders_done, wait);
}

static void source_licenses_done(void *ctx, const struct rows *rows)
{
    struct read_wait *wait = ctx;
    enum rows_status status = read_status("source_licenses", rows);
    int count = status == ROWS_OK ? rows_count(rows) : 0;
    struct license_view *views = heap_alloc((size_t)(count > 0 ? count : 1) * sizeof *views);

    for (int i = 0; i < count; i++)
        views[i] = (struct license_view){rows_int(rows, i, "license_id"), rows_text(rows, i, "license")};
    wait->done.licenses(wait->ctx, status, views, (size_t)count);
    free(views);
    free(wait);
}

void source_licenses(struct session *session, const char *source, int64_t after, int limit, int64_t timeout_ms,
                     source_licenses_fn *done, void *ctx)
{
    struct read_wait *wait = wait_new(ctx);
    struct params params;

    assert(limit > 0 && limit <= OPS_PAGE_MAX);
    wait->done.licenses = done;
    params_init(&params);
    params_text(&params, source);
    params_int(&params, after);
    params_int(&params, limit);
    session_submit(session, &QUERY_SOURCE_LICENSES, &params, timeout_ms, source_licenses_done, wait);
}

static void token_done(void *ctx, const struct rows *rows)
{
    struct read_wait *wait = ctx;
    enum rows_status status = read_status("token", rows);
    struct token_view view = {0};
    bool found = status == ROWS_OK && rows_count(rows) == 1;

    if (found) {
        view.token_id = rows_text(rows, 0, "token_id");
        view.name = rows_text(rows, 0, "name");
        view.scopes = rows_text(rows, 0, "scopes");
    }
    wait->done.token(wait->ctx, status, found ? &view : NULL);
    free(wait);
}

void token_check(struct session *session, const unsigned char digest[DIGEST_SIZE], int64_t timeout_ms,
                 token_check_fn *done, void *ctx)
{
    struct read_wait *wait = wait_new(ctx);
    struct params params;

    wait->done.token = done;
    params_init(&params);
    params_bytes(&params, digest, DIGEST_SIZE);
    session_submit(session, &QUERY_TOKEN_CHECK, &params, timeout_ms, token_done, wait);
}

bool token_has_scope(const struct token_view *token, const char *scope)
{
    size_t len = strlen(scope);
    const char *at = token->scopes;

    while (at != NULL && *at != '\0') {
        size_t word = strcspn(at, " ");
        if (word == len && memcmp(at, scope, len) == 0)
            return true;
        at += word;
        at += strspn(at, " ");
    }
    return false;
}

static void price_done(void *ctx, const struct rows *rows)
{
    struct read_wait *wait = ctx;
    enum rows_status status = read_status("price", rows);
    struct price_view view = {0};
    bool found = status == ROWS_OK && rows_count(rows) == 1;

    if (found) {
        view.price = rows_text(rows, 0, "price");
        view.expected = rows_text(rows, 0, "expected");
        view.visible = rows_bool(rows, 0, "visible");
        view.learned = rows_bool(rows, 0, "learned");
    }
    wait->done.price(wait->ctx, status, found ? &view : NULL);
    free(wait);
}

void price_read(struct session *session, const char *account, const char *upstream_type, int months, const char *call,
                int64_t timeout_ms, price_read_fn *done, void *ctx)
{
    struct read_wait *wait = wait_new(ctx);
    struct params params;

    wait->done.price = done;
    params_init(&params);
    params_text(&params, account);
    params_text(&params, upstream_type);
    params_int(&params, months);
    params_text(&params, call);
    session_submit(session, &QUERY_PRICE_READ, &params, timeout_ms, price_done, wait);
}
