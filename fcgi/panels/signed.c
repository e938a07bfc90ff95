/* SPDX-License-Identifier: Apache-2.0 */
/* signed: canonical, with the body's digest as the delivery's name.  Pure. */
#include "fcgi/panels/signed.h"

#include "base/signature.h"
#include "base/text.h"
#include "fcgi/panels/canonical.h"

const char *signed_delivery_id(const unsigned char digest[DIGEST_SIZE], struct arena *arena)
{
    char hex[SIGNATURE_HEX_LEN + 1];

    text_hex(digest, DIGEST_SIZE, hex);
    return arena_printf(arena, "sha256-%s", hex);
}

bool signed_read(const struct panel_input *input, struct arena *arena, struct panel_event *event,
                 struct problem *problem)
{
    unsigned char digest[DIGEST_SIZE];

    if (!canonical_read(input, arena, event, problem))
        return false;
    digest_sha256(input->body, input->len, digest);
    event->delivery_id = signed_delivery_id(digest, arena);
    return true;
}
