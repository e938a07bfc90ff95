/* SPDX-License-Identifier: Apache-2.0 */
/* Why: the front door checks and prices orders for providers that it may not
 * call; this is what it knows of them.  Pure; a crash leaves nothing behind. */
#include "order/offer.h"

#include <assert.h>

#define OFFER_LISTED(kind, name, word) [PROVIDER_##kind] = &offer_##name,
static const struct offer *const OFFERS[PROVIDER_KIND_COUNT] = {PROVIDERS(OFFER_LISTED)};
#undef OFFER_LISTED

const struct offer *offer_of(enum provider_kind provider)
{
    assert((unsigned)provider < PROVIDER_KIND_COUNT);
    return OFFERS[provider];
}
