/* SPDX-License-Identifier: Apache-2.0 */
/* event: an example of a canonical event, for trying a bridge out, or of a notice,
 * for trying a panel out.
 *
 * Pure: time and id are arguments. */
#ifndef CTL_EVENT_H
#define CTL_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "order/words.h"

struct event_spec {
    const char *type;   /* "license.create" …, "test.ping", or "order.succeeded" … */
    const char *source; /* of a notice */
    enum provider_kind provider;
    const char *product_code; /* of the example; NULL: a ping needs none */
    const char *id;           /* the delivery's; makes the operation key unique */
    int64_t now_ms;
    const char *const *fields; /* "key=value": sets a member of data */
    size_t field_count;
};

/* Whether the type is one that the bridge sends, not one that it takes. */
bool event_is_notice(const char *type);
/* The body.  What the provider needs for the type is filled with examples; a
 * field sets, replaces or (with nothing behind "=") removes a member, one named
 * "metadata.KEY" a member of metadata.  NULL and *problem when the type is
 * unknown or a field has no "=". */
const char *event_build(const struct event_spec *spec, struct arena *arena, const char **problem);

#endif
