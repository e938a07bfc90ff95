/* SPDX-License-Identifier: Apache-2.0 */
/* signed: our own format from senders whose signature covers the body alone.
 *
 * A header that is not signed must not name the delivery, or a body that was
 * overheard could be sent again under a new name.  So the body names itself by
 * its digest, and is known for ever. */
#ifndef FCGI_PANELS_SIGNED_H
#define FCGI_PANELS_SIGNED_H

#include "fcgi/panels/panel.h"

/* The delivery id that a digest makes; arena's. */
const char *signed_delivery_id(const unsigned char digest[DIGEST_SIZE], struct arena *arena);
panel_read_fn signed_read;

#endif
