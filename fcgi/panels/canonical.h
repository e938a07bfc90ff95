/* SPDX-License-Identifier: Apache-2.0 */
/* canonical: the project's own delivery format (docs/webhooks.md).
 *
 * Strict where a mistake could buy the wrong thing: no duplicate members, no
 * NUL, valid UTF-8, at most CANONICAL_DEPTH levels, integers that are integers.
 * Numeric ids (service_id, order_id, invoice_id, invoice_item_id) may come as
 * JSON integers, because panels keep them so; they are kept as decimal text, so
 * 8123 and "8123" are one id.  null is the same as absent. */
#ifndef FCGI_PANELS_CANONICAL_H
#define FCGI_PANELS_CANONICAL_H

#include "fcgi/panels/panel.h"

#define CANONICAL_DEPTH 16

bool canonical_read(const void *body, size_t len, const struct config_source *source, struct arena *arena,
                    struct panel_event *event, struct problem *problem);

#endif
