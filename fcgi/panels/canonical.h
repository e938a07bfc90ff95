/* SPDX-License-Identifier: Apache-2.0 */
/* canonical: the project's own delivery format (docs/webhooks.md).
 *
 * Strict where a mistake could buy the wrong thing: no duplicate members, no
 * NUL, see body.h; integers that are integers.
 * Numeric ids (service_id, order_id, invoice_id, invoice_item_id) may come as
 * JSON integers, because panels keep them so; they are kept as decimal text, so
 * 8123 and "8123" are one id.  null is the same as absent. */
#ifndef FCGI_PANELS_CANONICAL_H
#define FCGI_PANELS_CANONICAL_H

#include <jansson.h>

#include "fcgi/panels/panel.h"

panel_read_fn canonical_read;
/* The same from a tree that somebody else made: what the adapters of panels end
 * in, so that no field is checked twice. */
bool canonical_fill(const json_t *root, const struct config_source *source, struct arena *arena,
                    struct panel_event *event, struct problem *problem);

#endif
