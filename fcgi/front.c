/* SPDX-License-Identifier: Apache-2.0 */
/* front: routes requests and asks for tokens.
 *
 * It never answers with anything that it read from a header, and a request that
 * was read badly goes no further than here.  Owns nothing of a request but the
 * hold on the configuration that it gives it. */
#include "fcgi/front.h"

#include <string.h>

#include "base/signature.h"
#include "fcgi/auth.h"
#include "fcgi/door.h"
#include "fcgi/reply.h"
#include "store/ops.h"

static bool route_fits(const struct route *route, struct request *request)
{
    const char *path = request->path;
    size_t before = strcspn(route->path, "*+");
    const char *after = route->path + before + (route->path[before] == '*');

    if (strncmp(path, route->path, before) != 0)
        return false;
    path += before;
    if (route->path[before] == '+') {
        size_t first = strcspn(path, "/");
        request->rest = path;
        return first > 0 && (path[first] == '\0' || (path[first + 1] != '\0' && !strchr(path + first + 1, '/')));
    }
    if (route->path[before] == '\0' && route->path[before - 1] != '/') {
        request->rest = path;
        return *path == '\0';
    }
    size_t len = strcspn(path, "/");
    request->rest = arena_strndup(&request->arena, path, len);
    return len > 0 && strcmp(path + len, after) == 0;
}

/* The route of path and method; of path alone when no method fits. */
static const struct route *route_find(const struct front *front, struct request *request, const char *method)
{
    const struct route *found = NULL;

    for (const struct route *route = front->routes; route->method != NULL; route++) {
        if (!route_fits(route, request))
            continue;
        if (strcmp(method, route->method) == 0)
            return route;
        found = route;
    }
    return found;
}

void front_handle(void *ctx, struct request *request)
{
    struct front *front = ctx;
    const char *method = request->params[HEAD_METHOD] != NULL ? request->params[HEAD_METHOD] : "";
    const struct route *route = route_find(front, request, method);

    front->served++;
    request->front = front;
    request->latency = front->acting != NULL ? &front->latency : NULL;
    request->route = route;
    request->config = config_hold(front->config);
    if (route == NULL) {
        struct problem problem = {404, NULL, "there is nothing at this path"};
        reply_problem(request, &problem);
    } else if (strcmp(method, route->method) != 0) {
        reply_method(request, route->method);
    } else if (door_busy(request->door) > (size_t)request->config->intake_requests) {
        reply_unavailable(request, "too many requests wait already");
    } else {
        route->serve(front, request, request->rest);
    }
}

struct scope_task {
    struct request *request;
    const char *scope;
    void (*then)(struct request *request);
};

static void scope_checked(void *ctx, enum rows_status status, const struct token_view *token)
{
    struct scope_task *task = ctx;
    struct problem unknown = {401, "authorization", "this token is unknown, expired or revoked"};
    struct problem lacking = {403, "authorization", "this token may not do that"};

    if (status != ROWS_OK)
        reply_unavailable(task->request, "the database does not answer now");
    else if (token == NULL)
        reply_problem(task->request, &unknown);
    else if (!token_has_scope(token, task->scope))
        reply_problem(task->request, &lacking);
    else {
        task->request->actor = arena_strdup(&task->request->arena, token->name);
        task->request->scopes = arena_strdup(&task->request->arena, token->scopes);
        task->then(task->request);
    }
}

struct session *front_reader(const struct front *front)
{
    for (int i = 0; i < FRONT_READERS; i++)
        if (front->readers[i] != NULL && session_ready(front->readers[i]) && session_idle(front->readers[i]))
            return front->readers[i];
    return front->reader;
}

void front_require_scope(struct request *request, const char *scope, void (*then)(struct request *request))
{
    const char *token = auth_bearer(request);
    unsigned char digest[DIGEST_SIZE];

    if (token == NULL) {
        struct problem problem = {401, "authorization", "needs \"Authorization: Bearer\" and a token"};
        reply_problem(request, &problem);
        return;
    }
    struct scope_task *task = arena_alloc(&request->arena, sizeof *task);
    *task = (struct scope_task){request, scope, then};
    digest_sha256(token, strlen(token), digest);
    token_check(front_reader(request->front), digest, FRONT_READ_TIMEOUT_MS, scope_checked, task);
}
