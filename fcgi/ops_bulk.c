/* SPDX-License-Identifier: Apache-2.0 */
/* ops_bulk: one action on all orders that a filter finds.
 *
 * First the count is told, and nothing changes; then it is confirmed, the orders
 * are found again, and each is acted on in portions of a transaction each, its
 * state looked at again under its lock.  A crash on the way leaves the portions
 * that were done, each with its entry in the audit. */
#include "fcgi/ops.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "fcgi/ops_rows.h"
#include "fcgi/reply.h"
#include "query.h"

#define BULK_MAX     5000
#define BULK_PORTION 200

static const struct bulk_action {
    const char *word;
    const char *states; /* in which it can be done */
    bool reason_needed;
} BULK_ACTIONS[] = {
    {"retry", "queued", false},
    {"hold", "queued,blocked", true},
    {"release", "held", false},
    {"cancel", "queued,blocked,held", true},
};

struct bulk_task {
    struct request *request;
    const struct bulk_action *action;
    const char *filter; /* JSON */
    const char *reason;
    int64_t expected; /* -1: only count */
    int64_t up_to;    /* 0: whatever there is */
    int64_t *orders;
    int count, at;
    int64_t changed;
};

static void portion_submit(struct bulk_task *task);

static void portion_done(void *ctx, const struct rows *rows)
{
    struct bulk_task *task = ctx;

    if (rows_status(rows) != ROWS_OK) {
        ops_refused(task->request, rows);
        return;
    }
    task->changed += rows_int(rows, 0, "changed");
    if (task->at < task->count) {
        portion_submit(task);
        return;
    }
    log_note("ops.bulk", log_str("action", task->action->word), log_int("orders", task->count),
             log_int("changed", task->changed), log_str("actor", task->request->actor));
    reply_json(task->request, 200, NULL,
               json_pack("{s:i, s:I, s:I}", "count", task->count, "changed", (json_int_t)task->changed, "unchanged",
                         (json_int_t)(task->count - task->changed)));
}

static void portion_submit(struct bulk_task *task)
{
    struct params params;

    params_init(&params);
    params_text(&params, task->request->actor);
    params_text(&params, task->action->word);
    params_array(&params, PARAMS_INT8);
    for (int n = 0; n < BULK_PORTION && task->at < task->count; n++)
        params_add_int(&params, task->orders[task->at++]);
    params_text(&params, task->reason);
    session_submit(task->request->front->acting, &QUERY_OPERATOR_BULK, &params, FRONT_READ_TIMEOUT_MS, portion_done,
                   task);
}

static void bulk_sampled(void *ctx, const struct rows *rows)
{
    struct bulk_task *task = ctx;
    struct request *request = task->request;

    if (rows_status(rows) != ROWS_OK) {
        ops_refused(request, rows);
        return;
    }
    reply_json(request, 200, NULL,
               json_pack("{s:i, s:o, s:o}", "count", task->count, "up_to",
                         task->count == 0 ? json_null()
                                          : json_string(arena_printf(&request->arena, "%" PRId64, task->orders[0])),
                         "sample", ops_rows_json(&request->arena, rows)));
}

static void sample_submit(struct bulk_task *task)
{
    struct params params;

    params_init(&params);
    params_array(&params, PARAMS_INT8);
    for (int n = 0; n < 5 && n < task->count; n++)
        params_add_int(&params, task->orders[n]);
    session_submit(front_reader(task->request->front), &QUERY_OPS_ORDERS_NAMED, &params, FRONT_READ_TIMEOUT_MS,
                   bulk_sampled, task);
}

static void bulk_matched(void *ctx, const struct rows *rows)
{
    struct bulk_task *task = ctx;
    struct request *request = task->request;
    struct problem many = {422, "filter", "this finds more than 5000 orders: narrow the filter"};

    if (rows_status(rows) != ROWS_OK) {
        ops_refused(request, rows);
        return;
    }
    task->count = rows_count(rows);
    task->orders = arena_alloc(&request->arena, (size_t)(task->count + 1) * sizeof *task->orders);
    for (int i = 0; i < task->count; i++)
        task->orders[i] = rows_int(rows, i, "order_id");
    if (task->count > BULK_MAX)
        reply_problem(request, &many);
    else if (task->expected < 0)
        sample_submit(task);
    else if (task->expected != task->count)
        reply_conflict(request, "the filter does not find as many orders as were shown",
                       json_pack("{s:i}", "count", task->count));
    else if (task->count == 0)
        reply_json(request, 200, NULL, json_pack("{s:i, s:i, s:i}", "count", 0, "changed", 0, "unchanged", 0));
    else
        portion_submit(task);
}

static bool bulk_refuse(struct request *request, const char *field, const char *text)
{
    struct problem problem = {422, field, text};
    reply_problem(request, &problem);
    return false;
}

static bool action_read(struct bulk_task *task, const json_t *body)
{
    const char *word = json_string_value(json_object_get(body, "action"));

    for (size_t i = 0; word != NULL && i < sizeof BULK_ACTIONS / sizeof BULK_ACTIONS[0]; i++)
        if (strcmp(word, BULK_ACTIONS[i].word) == 0)
            task->action = &BULK_ACTIONS[i];
    return task->action != NULL || bulk_refuse(task->request, "action", "action is retry, hold, release or cancel");
}

/* Each member must be a filter of the list of orders, with a value that it takes. */
static bool filter_read(struct bulk_task *task, const json_t *body)
{
    json_t *filter = json_object_get(body, "filter");
    struct request *request = task->request;
    json_t *kept = json_object();
    const char *name;
    json_t *value;
    bool good = json_is_object(filter) && json_object_size(filter) > 0;

    if (!good)
        bulk_refuse(request, "filter", "filter must be an object with at least one member");
    for (void *at = json_object_iter(filter); good && at != NULL; at = json_object_iter_next(filter, at)) {
        const struct filter *known = OPS_ORDER_FILTERS;
        struct problem problem = {422, NULL, NULL};
        name = arena_strdup(&request->arena, json_object_iter_key(at));
        value = json_object_iter_value(at);
        while (known->name != NULL && strcmp(known->name, name) != 0)
            known++;
        const char *text = arena_strdup(&request->arena, json_string_value(value));
        if (known->name == NULL || text == NULL || strlen(text) > OPS_VALUE_MAX) {
            good = bulk_refuse(request, arena_printf(&request->arena, "filter.%s", name),
                               "this is no filter with a text of at most 300 bytes");
        } else if (!ops_filter_check(request, known, &text, &problem)) {
            good = bulk_refuse(request, arena_printf(&request->arena, "filter.%s", name), problem.text);
        } else {
            json_object_set_new(kept, name, json_string(text));
        }
    }
    if (good) { /* otherwise the request is answered and its arena gone */
        char *text = json_dumps(kept, JSON_COMPACT);
        task->filter = arena_strdup(&request->arena, text);
        free(text);
    }
    json_decref(kept);
    return good;
}

/* The second step has count, up_to and a reason; the first has none of them. */
static bool confirmation_read(struct bulk_task *task, const json_t *body)
{
    const json_t *count = json_object_get(body, "count");
    const char *up_to;

    task->expected = -1;
    if (count == NULL)
        return ops_body_text(task->request, body, "reason", false, &task->reason);
    if (!json_is_integer(count) || json_integer_value(count) < 0)
        return bulk_refuse(task->request, "count", "count must be the number that was shown");
    task->expected = json_integer_value(count);
    if (!ops_body_text(task->request, body, "up_to", task->expected > 0, &up_to) ||
        !ops_body_text(task->request, body, "reason", task->action->reason_needed, &task->reason))
        return false;
    return up_to == NULL || text_parse_int(up_to, 1, INT64_MAX, &task->up_to) ||
           bulk_refuse(task->request, "up_to", "up_to must be the order id that was shown");
}

static void bulk_permitted(struct request *request)
{
    static const char *const MEMBERS[] = {"action", "filter", "count", "up_to", "reason", NULL};
    struct bulk_task *task = arena_alloc(&request->arena, sizeof *task);
    struct params params;

    task->request = request;
    json_t *body = ops_body(request, MEMBERS);
    if (body == NULL)
        return;
    bool good = action_read(task, body) && filter_read(task, body) && confirmation_read(task, body);
    json_decref(body);
    if (!good)
        return;
    params_init(&params);
    params_text(&params, task->filter);
    params_text(&params, task->action->states);
    params_int(&params, task->up_to);
    params_int(&params, BULK_MAX + 1);
    session_submit(front_reader(request->front), &QUERY_OPS_ORDERS_MATCH, &params, FRONT_READ_TIMEOUT_MS, bulk_matched,
                   task);
}

void ops_bulk_serve(struct front *front, struct request *request, const char *rest)
{
    (void)front;
    (void)rest;
    front_require_scope(request, "operate", bulk_permitted);
}
