/* SPDX-License-Identifier: Apache-2.0 */
/* health: whether this process lives, and whether it can do its work.
 *
 * live asks nobody; ready asks the database for its schema, because a program
 * that meets another schema than its own must not take deliveries in. */
#include "fcgi/front.h"
#include "fcgi/reply.h"
#include "store/migrate.h"
#include "store/ops.h"

void health_live_serve(struct front *front, struct request *request, const char *rest)
{
    (void)front;
    (void)rest;
    reply_json(request, 200, NULL, json_pack("{s:s}", "status", "live"));
}

static void ready_known(void *ctx, enum rows_status status, int64_t version)
{
    struct request *request = ctx;

    if (status != ROWS_OK)
        reply_unavailable(request, "the database does not answer");
    else if (version != migrate_latest())
        reply_unavailable(request, arena_printf(&request->arena, "the database has schema %lld, this program needs %d",
                                                (long long)version, migrate_latest()));
    else
        reply_json(request, 200, NULL, json_pack("{s:s, s:I}", "status", "ready", "schema", (json_int_t)version));
}

void health_ready_serve(struct front *front, struct request *request, const char *rest)
{
    (void)rest;
    if (front->draining)
        reply_unavailable(request, "this process is going away");
    else if (!session_ready(front->reader))
        reply_unavailable(request, "there is no connection to the database");
    else
        schema_version_read(front->reader, FRONT_READ_TIMEOUT_MS, ready_known, request);
}
