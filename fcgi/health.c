/* SPDX-License-Identifier: Apache-2.0 */
/* health: whether this process lives, and whether it can do its work.
 *
 * live asks nobody; ready asks the database whether its schema serves this
 * program, because one that it does not serve must not take deliveries in. */
#include "fcgi/reply.h"
#include "fcgi/routes.h"
#include "store/schema.h"

void health_live_serve(struct front *front, struct request *request, const char *rest)
{
    (void)front;
    (void)rest;
    reply_json(request, 200, NULL, json_pack("{s:s}", "status", "live"));
}

static void ready_known(void *ctx, const struct schema_view *view)
{
    struct request *request = ctx;

    if (view->fit == SCHEMA_FITS)
        reply_json(request, 200, NULL, json_pack("{s:s, s:I}", "status", "ready", "schema", (json_int_t)view->version));
    else if (view->fit == SCHEMA_UNKNOWN)
        reply_unavailable(request, "the database does not answer");
    else
        reply_unavailable(request, view->reason);
}

void health_ready_serve(struct front *front, struct request *request, const char *rest)
{
    (void)rest;
    if (front->draining)
        reply_unavailable(request, "this process is going away");
    else if (!session_ready(front->reader) || (front->writer != NULL && !session_ready(front->writer)))
        reply_unavailable(request, "there is no connection to the database");
    else
        schema_read(front->reader, FRONT_READ_TIMEOUT_MS, ready_known, request);
}
