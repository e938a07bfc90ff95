/* SPDX-License-Identifier: Apache-2.0 */
/* panel: one format of delivery, turned into an order request.
 *
 * Adapters are pure: bytes and configuration in, a request or a problem out.
 * They see a body only after its signature was found good, and still trust
 * nothing in it. */
#ifndef FCGI_PANELS_PANEL_H
#define FCGI_PANELS_PANEL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/config.h"
#include "order/request.h"

enum panel_kind {
    PANEL_ORDER,   /* request is filled */
    PANEL_PING,    /* only asks whether we hear */
    PANEL_IGNORED, /* a type that the source lists as ignored */
};

struct panel_event {
    enum panel_kind kind;
    const char *type; /* the event's own word; may be NULL after a problem */
    struct order_request request;
};

struct panel {
    const char *format; /* the configuration's word */
    /* Strings in event are arena's; false fills *problem. */
    bool (*read)(const void *body, size_t len, const struct config_source *source, struct arena *arena,
                 struct panel_event *event, struct problem *problem);
};

/* NULL: no such format. */
const struct panel *panel_find(const char *format);

#endif
