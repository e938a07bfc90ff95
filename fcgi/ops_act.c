/* SPDX-License-Identifier: Apache-2.0 */
/* ops_act: what operators do to one order or one account.
 *
 * Each is one function of the database, called as bridge_operator with the
 * token's name, which looks at the state again under its lock and keeps who did
 * it and why.  Nothing is decided here but whether the token may; a crash between
 * the act and its answer leaves the act. */
#include "fcgi/ops.h"

#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "fcgi/ops_rows.h"
#include "fcgi/reply.h"
#include "query.h"

struct act_task {
    struct request *request;
    const struct ops_act *act;
    int64_t order_id;
    bool done;
    const char *refusal;
};

json_t *ops_body(struct request *request, const char *const *members)
{
    const char *type = request->params[HEAD_CONTENT_TYPE];
    struct problem media = {415, "content-type", "the body must be application/json"};
    struct problem form = {400, NULL, "the body must be one JSON object"};
    const char *name;
    json_t *value;

    if (request->problem.status != 0) {
        reply_problem(request, &request->problem);
        return NULL;
    }
    if (type == NULL || strncmp(type, "application/json", 16) != 0) {
        reply_problem(request, &media);
        return NULL;
    }
    json_t *body = json_loadb(request->body, request->body_len, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(body)) {
        json_decref(body);
        reply_problem(request, &form);
        return NULL;
    }
    json_object_foreach(body, name, value)
    {
        const char *const *known = members;
        while (*known != NULL && strcmp(*known, name) != 0)
            known++;
        if (*known == NULL) {
            struct problem strange = {422, arena_strdup(&request->arena, name), "there is no such member here"};
            json_decref(body);
            reply_problem(request, &strange);
            return NULL;
        }
    }
    return body;
}

bool ops_body_text(struct request *request, const json_t *body, const char *name, bool needed, const char **value)
{
    const json_t *member = json_object_get(body, name);
    struct problem problem = {422, name, "this must be a text of 1 to 500 bytes"};

    *value = NULL;
    if ((member == NULL || json_is_null(member)) && !needed)
        return true;
    const char *text = json_string_value(member);
    if (text != NULL && *text != '\0' && json_string_length(member) <= OPS_REASON_MAX &&
        strlen(text) == json_string_length(member)) {
        *value = arena_strdup(&request->arena, text);
        return true;
    }
    reply_problem(request, &problem);
    return false;
}

static void order_told(void *ctx, const struct rows *rows)
{
    struct act_task *task = ctx;
    struct request *request = task->request;
    struct problem none = {404, NULL, "there is no such order"};

    if (rows_status(rows) != ROWS_OK)
        ops_refused(request, rows);
    else if (rows_count(rows) == 0)
        reply_problem(request, &none);
    else if (task->done)
        reply_json(request, 200, NULL, ops_row_json(&request->arena, rows, 0));
    else
        reply_conflict(request, task->refusal, ops_row_json(&request->arena, rows, 0));
}

void ops_order_tell(struct request *request, int64_t order_id, bool done, const char *text)
{
    struct act_task *task = arena_alloc(&request->arena, sizeof *task);
    struct params params;

    *task = (struct act_task){.request = request, .done = done, .refusal = text};
    params_init(&params);
    params_int(&params, order_id);
    session_submit(front_reader(request->front), &QUERY_OPS_ORDER_STATE, &params, FRONT_READ_TIMEOUT_MS, order_told,
                   task);
}

static void account_told(void *ctx, const struct rows *rows)
{
    struct act_task *task = ctx;
    struct request *request = task->request;
    struct problem none = {404, NULL, "there is no such account"};

    if (rows_status(rows) != ROWS_OK)
        ops_refused(request, rows);
    else if (rows_count(rows) == 0)
        reply_problem(request, &none);
    else if (task->done)
        reply_json(request, 200, NULL, ops_row_json(&request->arena, rows, 0));
    else
        reply_conflict(request, "the account is like that already", ops_row_json(&request->arena, rows, 0));
}

static void acted(void *ctx, const struct rows *rows)
{
    struct act_task *task = ctx;
    struct request *request = task->request;
    struct params params;

    if (rows_status(rows) != ROWS_OK) {
        ops_refused(request, rows);
        return;
    }
    task->done = rows_count(rows) == 1 && rows_bool(rows, 0, "done");
    if (task->done)
        log_note("ops.acted", log_str("action", task->act->word), log_str("on", request->rest),
                 log_str("actor", request->actor));
    if (!task->act->on_account) {
        ops_order_tell(request, task->order_id, task->done,
                       arena_printf(&request->arena, "the order's state does not let it be %s", task->act->past));
        return;
    }
    params_init(&params);
    params_text(&params, request->rest);
    session_submit(front_reader(request->front), &QUERY_OPS_ACCOUNT_STATE, &params, FRONT_READ_TIMEOUT_MS, account_told,
                   task);
}

static bool confirmed(struct request *request, const json_t *body)
{
    const char *typed = json_string_value(json_object_get(body, "confirm"));
    struct problem problem = {422, "confirm", "this may spend twice: confirm must repeat the order's id"};

    if (text_same(typed, request->rest))
        return true;
    reply_problem(request, &problem);
    return false;
}

static void act_permitted(struct request *request)
{
    static const char *const PLAIN[] = {"reason", NULL};
    static const char *const CONFIRMED[] = {"reason", "confirm", NULL};
    const struct ops_act *act = request->route->what;
    struct act_task *task = arena_alloc(&request->arena, sizeof *task);
    struct params params;
    const char *reason;

    *task = (struct act_task){.request = request, .act = act};
    if (!act->on_account && !text_parse_int(request->rest, 1, INT64_MAX, &task->order_id)) {
        struct problem none = {404, NULL, "there is no such order"};
        reply_problem(request, &none);
        return;
    }
    json_t *body = ops_body(request, act->confirmed ? CONFIRMED : PLAIN);
    if (body == NULL)
        return;
    bool good = ops_body_text(request, body, "reason", act->reason_needed, &reason) &&
                (!act->confirmed || confirmed(request, body));
    json_decref(body);
    if (!good)
        return;
    params_init(&params);
    params_text(&params, request->actor);
    params_text(&params, request->rest);
    params_text(&params, reason);
    session_submit(request->front->acting, act->query, &params, FRONT_READ_TIMEOUT_MS, acted, task);
}

void ops_act_serve(struct front *front, struct request *request, const char *rest)
{
    const struct ops_act *act = request->route->what;

    (void)front;
    (void)rest;
    front_require_scope(request, act->scope, act_permitted);
}

struct resolve_task {
    struct request *request;
    int64_t order_id;
};

static void resolved(void *ctx, const struct rows *rows)
{
    struct resolve_task *task = ctx;
    struct request *request = task->request;

    if (rows_status(rows) != ROWS_OK) {
        ops_refused(request, rows);
        return;
    }
    const char *answer = rows_text(rows, 0, "answer");
    if (text_same(answer, "early")) {
        reply_conflict(
            request, "a late effect may still come: wait",
            json_pack("{s:s, s:I}", "state", "needs_review", "wait_ms", (json_int_t)rows_int(rows, 0, "wait_ms")));
        return;
    }
    if (text_same(answer, "ok"))
        log_note("ops.acted", log_str("action", "resolve"), log_str("on", request->rest),
                 log_str("actor", request->actor));
    ops_order_tell(request, task->order_id, text_same(answer, "ok"), "the order does not lie in review");
}

/* The three answers; to buy again needs more than to settle. */
static bool answer_check(struct request *request, const json_t *body, const char *answer, const char *license)
{
    struct problem strange = {422, "answer", "answer is happened, did_not_happen or buy_again"};
    struct problem lacking = {403, "authorization", "this token may not buy again"};
    struct problem surplus = {422, "upstream_license_id", "upstream_license_id belongs to the answer happened"};

    if (strcmp(answer, "happened") != 0 && strcmp(answer, "did_not_happen") != 0 && strcmp(answer, "buy_again") != 0)
        reply_problem(request, &strange);
    else if (license != NULL && strcmp(answer, "happened") != 0)
        reply_problem(request, &surplus);
    else if (strcmp(answer, "buy_again") != 0)
        return true;
    else if (!ops_may(request, "buy-again"))
        reply_problem(request, &lacking);
    else
        return confirmed(request, body);
    return false;
}

static void resolve_permitted(struct request *request)
{
    static const char *const MEMBERS[] = {"answer", "reason", "upstream_license_id", "confirm", NULL};
    struct resolve_task *task = arena_alloc(&request->arena, sizeof *task);
    struct problem none = {404, NULL, "there is no such order"};
    const char *answer, *reason, *license;
    struct params params;

    task->request = request;
    if (!text_parse_int(request->rest, 1, INT64_MAX, &task->order_id)) {
        reply_problem(request, &none);
        return;
    }
    json_t *body = ops_body(request, MEMBERS);
    if (body == NULL)
        return;
    bool good = ops_body_text(request, body, "answer", true, &answer) &&
                ops_body_text(request, body, "reason", true, &reason) &&
                ops_body_text(request, body, "upstream_license_id", false, &license) &&
                answer_check(request, body, answer, license);
    json_decref(body);
    if (!good)
        return;
    params_init(&params);
    params_text(&params, request->actor);
    params_int(&params, task->order_id);
    params_text(&params, answer);
    params_text(&params, reason);
    params_text(&params, license);
    session_submit(request->front->acting, &QUERY_OPS_RESOLVE, &params, FRONT_READ_TIMEOUT_MS, resolved, task);
}

void ops_resolve_serve(struct front *front, struct request *request, const char *rest)
{
    (void)front;
    (void)rest;
    front_require_scope(request, "settle", resolve_permitted);
}
