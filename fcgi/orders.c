/* SPDX-License-Identifier: Apache-2.0 */
/* orders: GET of one order, for operators by token and for panels by signature.
 *
 * A panel's request is signed over id.timestamp.path with a secret of its
 * source, and that source's orders are all it can see: another's order is as
 * absent as one that never was.  Reads only. */
#include "fcgi/caller.h"
#include "fcgi/order_json.h"
#include "fcgi/reply.h"
#include "fcgi/routes.h"

#include <string.h>

#include "base/text.h"

struct order_task {
    struct request *request;
    int64_t order_id;
    const char *source; /* NULL: any */
};

static void order_found(void *ctx, enum rows_status status, const struct order_view *order)
{
    struct order_task *task = ctx;
    struct problem none = {404, NULL, "there is no such order"};

    if (status != ROWS_OK)
        reply_unavailable(task->request, "the database does not answer now");
    else if (order == NULL)
        reply_problem(task->request, &none);
    else
        reply_json(task->request, 200, NULL, order_json(&task->request->arena, order));
}

static bool order_id_parse(const struct request *request, int64_t *order_id)
{
    const char *digits = strrchr(request->path, '/') + 1;
    return *digits != '-' && text_parse_int(digits, 1, INT64_MAX, order_id);
}

static void order_look_up(struct request *request, const char *source)
{
    struct order_task *task = arena_alloc(&request->arena, sizeof *task);
    struct problem none = {404, NULL, "there is no such order"};

    *task = (struct order_task){.request = request, .source = source};
    if (order_id_parse(request, &task->order_id))
        order_read(request->front->reader, task->order_id, source, FRONT_READ_TIMEOUT_MS, order_found, task);
    else
        reply_problem(request, &none);
}

static void order_for_operator(struct request *request)
{
    order_look_up(request, NULL);
}

void order_serve(struct front *front, struct request *request, const char *rest)
{
    struct problem problem = request->problem;

    (void)rest;
    if (problem.status != 0) {
        reply_problem(request, &problem);
        return;
    }
    if (request->params[HEAD_AUTHORIZATION] != NULL || request->params[HEAD_WEBHOOK_SIGNATURE] == NULL) {
        front_require_scope(request, "read", order_for_operator);
        return;
    }
    const struct config_source *source = caller_source(front, request, &problem);
    if (source == NULL)
        reply_problem(request, &problem);
    else
        order_look_up(request, source->name);
}
