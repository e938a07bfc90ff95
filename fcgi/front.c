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

const struct route ROUTES_INTAKE[] = {
    {"POST", "/v1/events/", intake_serve},        {"GET", "/v1/orders/", order_serve},
    {"GET", "/v1/products", products_serve},      {"GET", "/v1/licenses", licenses_serve},
    {"GET", "/v1/services/", service_serve},      {"GET", "/health/live", health_live_serve},
    {"GET", "/health/ready", health_ready_serve}, {NULL, NULL, NULL},
};

const struct route ROUTES_OPS[] = {
    {"GET", "/ops/api/v1/orders", orders_serve},      {"GET", "/ops/api/v1/orders/", order_serve},
    {"GET", "/health/live", health_live_serve},       {"GET", "/health/ready", health_ready_serve},
    {"GET", "/ops/health/ready", health_ready_serve}, {NULL, NULL, NULL},
};

static bool route_fits(const struct route *route, const char *path, const char **rest)
{
    size_t len = strlen(route->path);

    if (strncmp(path, route->path, len) != 0)
        return false;
    *rest = path + len;
    return route->path[len - 1] == '/' ? **rest != '\0' && strchr(*rest, '/') == NULL : **rest == '\0';
}

static const struct route *route_find(const struct front *front, const struct request *request, const char **rest)
{
    for (const struct route *route = front->routes; route->method != NULL; route++)
        if (route_fits(route, request->path, rest))
            return route;
    return NULL;
}

void front_handle(void *ctx, struct request *request)
{
    struct front *front = ctx;
    const char *method = request->params[HEAD_METHOD] != NULL ? request->params[HEAD_METHOD] : "";
    const char *rest = "";
    const struct route *route = route_find(front, request, &rest);

    front->served++;
    request->front = front;
    request->config = config_hold(front->config);
    if (route == NULL) {
        struct problem problem = {404, NULL, "there is nothing at this path"};
        reply_problem(request, &problem);
    } else if (strcmp(method, route->method) != 0) {
        reply_method(request, route->method);
    } else if (door_busy(request->door) > (size_t)request->config->intake_requests) {
        reply_unavailable(request, "too many requests wait already");
    } else {
        route->serve(front, request, rest);
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
    else
        task->then(task->request);
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
    token_check(request->front->reader, digest, FRONT_READ_TIMEOUT_MS, scope_checked, task);
}
