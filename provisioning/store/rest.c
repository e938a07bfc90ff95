/* SPDX-License-Identifier: Apache-2.0 */
/* rest: one statement for all orders that somebody waits for.  It owns the
 * memory of a read on its way and writes nothing. */
#include "store/rest.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/log.h"
#include "query.h"

struct rest_wait {
    orders_rest_fn *done;
    void *ctx;
};

static void rest_done(void *ctx, const struct rows *rows)
{
    struct rest_wait *wait = ctx;
    enum rows_status status = rows_status(rows);
    int count = status == ROWS_OK ? rows_count(rows) : 0;
    struct order_rest *orders = heap_alloc((size_t)(count > 0 ? count : 1) * sizeof *orders);

    if (status != ROWS_OK)
        log_warn("read.failed", log_str("read", "orders_rest"), log_str("error", rows_error(rows)));
    for (int i = 0; i < count; i++)
        orders[i] = (struct order_rest){rows_int(rows, i, "order_id"), rows_text(rows, i, "state"),
                                        rows_text(rows, i, "reason")};
    wait->done(wait->ctx, status, orders, (size_t)count);
    free(orders);
    free(wait);
}

static void params_ids(struct params *params, const int64_t *ids, size_t count)
{
    params_array(params, PARAMS_INT8);
    for (size_t i = 0; i < count; i++)
        params_add_int(params, ids[i]);
}

void orders_rest(struct session *session, const int64_t *ids, size_t count, const int64_t *due, size_t due_count,
                 int64_t timeout_ms, orders_rest_fn *done, void *ctx)
{
    struct rest_wait *wait = heap_alloc(sizeof *wait);
    struct params params;

    *wait = (struct rest_wait){done, ctx};
    params_init(&params);
    params_ids(&params, ids, count);
    params_ids(&params, due, due_count);
    session_submit(session, &QUERY_ORDERS_REST, &params, timeout_ms, rest_done, wait);
}
