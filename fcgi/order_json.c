/* SPDX-License-Identifier: Apache-2.0 */
/* order_json: turns rows into JSON; the one place that spells the members. */
#include "fcgi/order_json.h"

#include <inttypes.h>
#include <string.h>

const char *order_location(struct arena *arena, int64_t order_id)
{
    return arena_printf(arena, "/v1/orders/%" PRId64, order_id);
}

static json_t *id_json(struct arena *arena, int64_t id)
{
    return json_string(arena_printf(arena, "%" PRId64, id));
}

/* "2026-11-21 18:00:00.5+00" becomes "2026-11-21T18:00:00.5Z"; the sessions keep
 * PostgreSQL in UTC. */
const char *time_text(struct arena *arena, const char *text)
{
    char *copy = arena_printf(arena, "%sZ", text);
    size_t len = strlen(text);
    if (len > 10 && copy[10] == ' ')
        copy[10] = 'T';
    if (len > 3 && strcmp(text + len - 3, "+00") == 0)
        memcpy(copy + len - 3, "Z", 2);
    else if (len > 0 && text[len - 1] == 'Z')
        copy[len] = '\0';
    return copy;
}

json_t *time_json(struct arena *arena, const char *text)
{
    return text == NULL ? json_null() : json_string(time_text(arena, text));
}

json_t *order_json_brief(struct arena *arena, int64_t order_id, const char *state, const char *reason)
{
    json_t *body = json_pack("{s:o, s:s?}", "order_id", id_json(arena, order_id), "state", state);
    if (reason != NULL)
        json_object_set_new(body, "reason", json_string(reason));
    return body;
}

static json_t *order_json_common(struct arena *arena, const struct order_view *order)
{
    return json_pack("{s:o, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:I, s:s?, s:o, s:o, s:o}", "order_id",
                     id_json(arena, order->order_id), "source", order->source, "service_id", order->service_id,
                     "operation_key", order->operation_key, "type", order->type, "state", order->state, "reason",
                     order->reason, "attempts", (json_int_t)order->attempts, "credits", order->credits, "created_at",
                     time_json(arena, order->created_at), "updated_at", time_json(arena, order->updated_at),
                     "next_try_at", time_json(arena, order->next_try_at));
}

json_t *order_json(struct arena *arena, const struct order_view *order)
{
    json_t *body = order_json_common(arena, order);
    json_t *license = order->license != NULL ? json_loads(order->license, 0, NULL) : NULL;

    json_object_set_new(body, "license", license != NULL ? license : json_null());
    return body;
}

json_t *order_json_evidence(struct arena *arena, const struct order_view *order)
{
    json_t *body = order_json(arena, order);
    json_t *evidence = order->evidence != NULL ? json_loads(order->evidence, 0, NULL) : NULL;

    json_object_set_new(body, "evidence", evidence != NULL ? evidence : json_array());
    return body;
}
