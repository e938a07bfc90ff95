/* SPDX-License-Identifier: Apache-2.0 */
/* panel: one format of delivery: how its sender proves itself, and how it is
 * turned into an order request.
 *
 * Adapters are pure: bytes, configuration and the time in, a request or a
 * problem out.  They see a body only after its sender was found good, and still
 * trust nothing in it. */
#ifndef FCGI_PANELS_PANEL_H
#define FCGI_PANELS_PANEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/config.h"
#include "order/request.h"

enum panel_kind {
    PANEL_ORDER,   /* request is filled */
    PANEL_PING,    /* only asks whether we hear */
    PANEL_IGNORED, /* a type that the source lists as ignored */
};

struct panel_input {
    const void *body;
    size_t len;
    const struct config_source *source;
    const char *event; /* the header that names it, where the format has one; may be NULL */
    int64_t now_s;
};

struct panel_event {
    enum panel_kind kind;
    const char *type;        /* the event's own word; may be NULL after a problem */
    const char *delivery_id; /* NULL: the header webhook-id's */
    bool has_digest;         /* of what makes two deliveries the same; false: of the body */
    unsigned char digest[DIGEST_SIZE];
    struct order_request request;
};

/* What proves who is speaking (fcgi/auth_panel.h). */
enum panel_proof {
    PANEL_PROOF_STANDARD, /* Standard Webhooks */
    PANEL_PROOF_HUB,      /* X-Hub-Signature-256 */
    PANEL_PROOF_STRIPE,   /* Stripe-Signature */
    PANEL_PROOF_UPMIND,   /* X-Webhook-Signature */
    PANEL_PROOF_PATH,     /* a secret at the end of the path, and the address */
};

/* Strings in event are arena's or static; false fills *problem. */
typedef bool panel_read_fn(const struct panel_input *input, struct arena *arena, struct panel_event *event,
                           struct problem *problem);

struct panel {
    const char *format; /* the configuration's word */
    enum panel_proof proof;
    panel_read_fn *read;
};

/* NULL: no such format. */
const struct panel *panel_find(const char *format);

#endif
