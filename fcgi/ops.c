/* SPDX-License-Identifier: Apache-2.0 */
/* ops: GET /ops/api/v1/orders, the operators' list, newest first.
 *
 * Pages go by "before", an order id, so that a page costs the same at ten
 * million orders.  Reads only. */
#include "fcgi/front.h"
#include "fcgi/order_json.h"
#include "fcgi/reply.h"

#include <inttypes.h>

#include "base/text.h"
#include "order/words.h"

#define OPS_LIMIT_DEFAULT 100

struct orders_task {
    struct request *request;
    int64_t limit;
};

static void orders_found(void *ctx, enum rows_status status, const struct order_view *orders, size_t count)
{
    struct orders_task *task = ctx;
    struct arena *arena = &task->request->arena;

    if (status != ROWS_OK) {
        reply_unavailable(task->request, "the database does not answer now");
        return;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, order_json_row(arena, &orders[i]));
    const char *before = NULL;
    if (count > 0 && (int64_t)count == task->limit)
        before = arena_printf(arena, "%" PRId64, orders[count - 1].order_id);
    reply_json(task->request, 200, NULL, json_pack("{s:o, s:s?}", "orders", list, "next_before", before));
}

static void query_refuse(struct request *request, const char *field, const char *text)
{
    struct problem problem = {400, field, text};
    reply_problem(request, &problem);
}

static void orders_permitted(struct request *request)
{
    struct orders_task *task = arena_alloc(&request->arena, sizeof *task);
    const char *state = request_query(request, "state");
    const char *before_text = request_query(request, "before");
    const char *limit_text = request_query(request, "limit");
    enum order_state known;
    int64_t before = 0;

    *task = (struct orders_task){request, OPS_LIMIT_DEFAULT};
    if (state != NULL && !order_state_parse(state, &known))
        query_refuse(request, "state", "state is no state of an order");
    else if (before_text != NULL && !text_parse_int(before_text, 1, INT64_MAX, &before))
        query_refuse(request, "before", "before must be an order id");
    else if (limit_text != NULL && !text_parse_int(limit_text, 1, OPS_PAGE_MAX, &task->limit))
        query_refuse(request, "limit", "limit must be a number from 1 to 500");
    else
        ops_orders(request->front->reader, state, before, (int)task->limit, FRONT_READ_TIMEOUT_MS, orders_found, task);
}

void orders_serve(struct front *front, struct request *request, const char *rest)
{
    (void)front;
    (void)rest;
    front_require_scope(request, "read", orders_permitted);
}
