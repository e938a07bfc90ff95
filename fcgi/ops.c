/* SPDX-License-Identifier: Apache-2.0 */
/* ops: what operators read.
 *
 * A request becomes one statement, its rows become the answer; pages go by a
 * cursor, so that the thousandth costs what the first does.  Reads only, with
 * the rights of bridge_ops. */
#include "fcgi/ops.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "fcgi/ops_rows.h"
#include "fcgi/reply.h"
#include "store/ops.h"

#define CSV_CEILING ((size_t)32 * 1024 * 1024)

const struct filter OPS_ORDER_FILTERS[] = {
    {"state", FILTER_STATES}, {"source", FILTER_WORD},  {"service", FILTER_WORD}, {"ip", FILTER_ADDRESS},
    {"license", FILTER_ID},   {"account", FILTER_WORD}, {"type", FILTER_TYPE},    {"product", FILTER_WORD},
    {"key", FILTER_WORD},     {"text", FILTER_WORD},    {NULL, FILTER_WORD},
};
static const char *const EXTRA_PAGED[] = {"before", "limit", "format", NULL};
static const char *const EXTRA_WHOLE[] = {"format", NULL};
static const char *const EXTRA_NAMED[] = {"limit", NULL};

struct list_task {
    struct request *request;
    const struct ops_list *list;
    bool csv;
};

bool ops_may(const struct request *request, const char *scope)
{
    struct token_view token = {.scopes = request->scopes};
    return token_has_scope(&token, scope);
}

void ops_refused(struct request *request, const struct rows *rows)
{
    struct problem problem = {409, NULL, NULL};

    if (strcmp(rows_sqlstate(rows), "57014") == 0)
        reply_unavailable(request, "this took longer than two seconds: narrow the filter");
    else if (strcmp(rows_sqlstate(rows), "55000") == 0) {
        /* Written for people by our own functions. */
        const char *text = rows_error(rows);
        problem.text = strncmp(text, "ERROR:  ", 8) == 0 ? text + 8 : text;
        reply_problem(request, &problem);
    } else {
        log_warn("ops.failed", log_str("path", request->path), log_str("reason", rows_error(rows)));
        reply_unavailable(request, "the database does not answer now");
    }
}

static void list_reply(struct list_task *task, const struct rows *rows)
{
    struct arena *arena = &task->request->arena;
    const char *next = ops_rows_next(arena, rows);

    if (task->csv) {
        struct text csv;
        text_init(&csv, CSV_CEILING);
        ops_rows_csv(arena, rows, &csv);
        reply_text(task->request, "text/csv; charset=utf-8", next, text_str(&csv), csv.len);
        text_clear(&csv);
        return;
    }
    reply_page(task->request, json_pack("{s:o, s:s?}", "items", ops_rows_json(arena, rows), "next", next));
}

static void list_found(void *ctx, const struct rows *rows)
{
    struct list_task *task = ctx;
    struct problem none = {404, NULL, "there is nothing of that name"};
    json_t *row = NULL;

    if (rows_status(rows) != ROWS_OK) {
        ops_refused(task->request, rows);
    } else if (!task->list->one && !task->list->named && !task->list->single) {
        list_reply(task, rows);
    } else if (rows_count(rows) == 0 || (row = ops_row_json(&task->request->arena, rows, 0)) == NULL) {
        reply_problem(task->request, &none);
    } else {
        reply_page(task->request, row);
    }
}

static bool csv_wanted(const struct request *request, const struct ops_query *query)
{
    const char *format = ops_query_value(query, "format");
    const char *accept = request->params[HEAD_ACCEPT];

    if (format != NULL)
        return strcmp(format, "csv") == 0;
    return accept != NULL && strncmp(accept, "text/csv", 8) == 0;
}

static bool page_check(struct list_task *task, const struct ops_query *query, int64_t *limit, struct problem *problem)
{
    const char *text = ops_query_value(query, "limit");
    const char *format = ops_query_value(query, "format");
    const char *before = ops_query_value(query, "before");
    int64_t cursor, most = task->csv ? OPS_LIMIT_CSV : OPS_LIMIT_MAX;

    *limit = OPS_LIMIT_USUAL;
    if (format != NULL && strcmp(format, "csv") != 0 && strcmp(format, "json") != 0)
        *problem = (struct problem){400, "format", "format is json or csv"};
    else if (before != NULL && !text_parse_int(before, 1, INT64_MAX, &cursor))
        *problem = (struct problem){400, "before", "before must be what another page gave as next"};
    else if (text != NULL && !text_parse_int(text, 1, most, limit))
        *problem = (struct problem){400, "limit", "limit must be a number from 1 to 500, for CSV to 10000"};
    else
        return true;
    return false;
}

static const char *filters_json(struct arena *arena, const struct filter *filters, const struct ops_query *query)
{
    json_t *object = json_object();

    for (; filters->name != NULL; filters++)
        if (ops_query_value(query, filters->name) != NULL)
            json_object_set_new(object, filters->name, json_string(ops_query_value(query, filters->name)));
    char *text = json_dumps(object, JSON_COMPACT);
    const char *copy = arena_strdup(arena, text);
    free(text);
    json_decref(object);
    return copy;
}

static void list_submit(struct list_task *task, const struct ops_query *query, int64_t limit)
{
    struct request *request = task->request;
    const struct ops_list *list = task->list;
    struct params params;

    params_init(&params);
    if (list->one || list->named)
        params_text(&params, request->rest);
    if (list->named)
        params_int(&params, limit);
    if (list->filters_as_json)
        params_text(&params, filters_json(&request->arena, list->filters, query));
    else
        for (const struct filter *filter = list->filters; filter->name != NULL; filter++)
            params_text(&params, ops_query_value(query, filter->name));
    if (list->paged) {
        params_text(&params, ops_query_value(query, "before"));
        params_int(&params, limit);
    }
    session_submit(front_reader(request->front), list->query, &params, FRONT_READ_TIMEOUT_MS, list_found, task);
}

static void list_permitted(struct request *request)
{
    const struct ops_list *list = request->route->what;
    struct list_task *task = arena_alloc(&request->arena, sizeof *task);
    struct ops_query query;
    struct problem problem = {0};
    int64_t limit;

    *task = (struct list_task){.request = request, .list = list};
    const char *const *extra = list->paged ? EXTRA_PAGED : list->named ? EXTRA_NAMED : EXTRA_WHOLE;
    bool good =
        ops_query_read(request, &query, &problem) && ops_query_check(request, &query, list->filters, extra, &problem);
    if (good) {
        task->csv = !list->one && !list->named && !list->single && csv_wanted(request, &query);
        good = page_check(task, &query, &limit, &problem);
    }
    if (good)
        list_submit(task, &query, limit);
    else
        reply_problem(request, &problem);
}

static void me_tell(struct request *request)
{
    json_t *scopes = json_array();
    const char *at = request->scopes;

    while (*at != '\0') {
        size_t len = strcspn(at, " ");
        json_array_append_new(scopes, json_stringn(at, len));
        at += len;
        at += strspn(at, " ");
    }
    reply_page(request, json_pack("{s:s, s:o}", "name", request->actor, "scopes", scopes));
}

void ops_me_serve(struct front *front, struct request *request, const char *rest)
{
    (void)front;
    (void)rest;
    front_require_scope(request, "read", me_tell);
}

void ops_list_serve(struct front *front, struct request *request, const char *rest)
{
    const struct ops_list *list = request->route->what;
    struct problem none = {404, NULL, "there is nothing of that name"};
    int64_t id;

    (void)front;
    if (list->one && !text_parse_int(rest, 1, INT64_MAX, &id))
        reply_problem(request, &none);
    else
        front_require_scope(request, "read", list_permitted);
}
