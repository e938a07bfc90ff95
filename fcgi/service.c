/* SPDX-License-Identifier: Apache-2.0 */
/* service: what a panel may read about its own source: the products that it may
 * order, the licenses that it has, and the orders of one service with what was
 * tried and seen.
 *
 * The products come from the configuration alone.  Reads only, in the session
 * that is not the batch's, so that no delivery waits for a page of a list. */
#include "fcgi/caller.h"
#include "fcgi/order_json.h"
#include "fcgi/reply.h"
#include "fcgi/routes.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "base/utf8.h"
#include "order/request.h"

#define LICENSES_LIMIT_DEFAULT 100
#define SERVICE_ORDERS         20

struct page_task {
    struct request *request;
    int64_t limit;
};

/* The source that asks; NULL: answered with what is wrong. */
static const struct config_source *caller_or_reply(struct front *front, struct request *request)
{
    struct problem problem = {0};
    const struct config_source *source = caller_source(front, request, &problem);

    if (source == NULL)
        reply_problem(request, &problem);
    return source;
}

void products_serve(struct front *front, struct request *request, const char *rest)
{
    const struct config_source *source = caller_or_reply(front, request);
    json_t *list;

    (void)rest;
    if (source == NULL)
        return;
    list = json_array();
    for (size_t i = 0; i < source->product_count; i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "code", source->products[i]->code, "provider",
                                              source->products[i]->account->provider, "type",
                                              source->products[i]->upstream_type));
    reply_json(request, 200, NULL, json_pack("{s:s, s:o}", "source", source->name, "products", list));
}

static void licenses_found(void *ctx, enum rows_status status, const struct license_view *licenses, size_t count)
{
    struct page_task *task = ctx;
    const char *after = NULL;
    json_t *list;

    if (status != ROWS_OK) {
        reply_unavailable(task->request, "the database does not answer now");
        return;
    }
    list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_loads(licenses[i].license, 0, NULL));
    if (count > 0 && (int64_t)count == task->limit)
        after = arena_printf(&task->request->arena, "%" PRId64, licenses[count - 1].license_id);
    reply_json(task->request, 200, NULL, json_pack("{s:o, s:s?}", "licenses", list, "next_after", after));
}

void licenses_serve(struct front *front, struct request *request, const char *rest)
{
    const struct config_source *source = caller_or_reply(front, request);
    struct page_task *task = arena_alloc(&request->arena, sizeof *task);
    const char *after_text = request_query(request, "after");
    const char *limit_text = request_query(request, "limit");
    struct problem problem = {400, NULL, NULL};
    int64_t after = 0;

    (void)rest;
    *task = (struct page_task){request, LICENSES_LIMIT_DEFAULT};
    if (source == NULL)
        return;
    if (after_text != NULL && !text_parse_int(after_text, 0, INT64_MAX, &after)) {
        problem.field = "after";
        problem.text = "after must be a license id";
    } else if (limit_text != NULL && !text_parse_int(limit_text, 1, OPS_PAGE_MAX, &task->limit)) {
        problem.field = "limit";
        problem.text = "limit must be a number from 1 to 500";
    }
    if (problem.text != NULL)
        reply_problem(request, &problem);
    else
        source_licenses(front->reader, source->name, after, (int)task->limit, FRONT_READ_TIMEOUT_MS, licenses_found,
                        task);
}

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

/* A part of a path with its %XX turned into bytes; NULL when that is no text. */
static const char *path_decode(struct arena *arena, const char *part)
{
    size_t len = strlen(part);
    char *plain = arena_strndup(arena, part, len);
    size_t at = 0;

    for (size_t i = 0; i < len; i++) {
        if (part[i] != '%') {
            plain[at++] = part[i];
            continue;
        }
        int high = i + 1 < len ? hex_value(part[i + 1]) : -1;
        int low = high >= 0 && i + 2 < len ? hex_value(part[i + 2]) : -1;
        if (low < 0)
            return NULL;
        plain[at++] = (char)(high * 16 + low);
        i += 2;
    }
    plain[at] = '\0';
    return utf8_valid(plain, at) ? plain : NULL;
}

static void service_found(void *ctx, enum rows_status status, const struct order_view *orders, size_t count)
{
    struct page_task *task = ctx;
    struct problem none = {404, NULL, "there is no such service"};
    json_t *list;

    if (status != ROWS_OK) {
        reply_unavailable(task->request, "the database does not answer now");
        return;
    }
    if (count == 0) {
        reply_problem(task->request, &none);
        return;
    }
    list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, order_json_evidence(&task->request->arena, &orders[i]));
    reply_json(task->request, 200, NULL, json_pack("{s:s, s:o}", "service_id", orders[0].service_id, "orders", list));
}

void service_serve(struct front *front, struct request *request, const char *rest)
{
    const struct config_source *source = caller_or_reply(front, request);
    struct page_task *task = arena_alloc(&request->arena, sizeof *task);
    const char *service_id;
    struct problem none = {404, NULL, "there is no such service"};

    *task = (struct page_task){request, SERVICE_ORDERS};
    if (source == NULL)
        return;
    service_id = path_decode(&request->arena, rest);
    if (service_id == NULL || strlen(service_id) > REQUEST_KEY_MAX)
        reply_problem(request, &none);
    else
        service_orders(front->reader, source->name, service_id, SERVICE_ORDERS, FRONT_READ_TIMEOUT_MS, service_found,
                       task);
}
