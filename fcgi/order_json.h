/* SPDX-License-Identifier: Apache-2.0 */
/* order_json: an order as panels and operators see it.
 *
 * Ids and credits are strings of decimal digits, the same in every answer, so
 * that no reader loses digits to floating point. */
#ifndef FCGI_ORDER_JSON_H
#define FCGI_ORDER_JSON_H

#include <jansson.h>

#include "base/arena.h"
#include "store/ops.h"

/* "/v1/orders/41" */
const char *order_location(struct arena *arena, int64_t order_id);
/* What a delivery is answered with. */
json_t *order_json_brief(struct arena *arena, int64_t order_id, const char *state, const char *reason);
/* GET /v1/orders/{id} */
json_t *order_json(struct arena *arena, const struct order_view *order);
/* The same with the attempts that were made, oldest first. */
json_t *order_json_evidence(struct arena *arena, const struct order_view *order);
/* A time as PostgreSQL spells it in UTC, as ISO 8601. */
const char *time_text(struct arena *arena, const char *text);
json_t *time_json(struct arena *arena, const char *text); /* null for NULL */

#endif
