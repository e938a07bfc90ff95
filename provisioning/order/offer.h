/* SPDX-License-Identifier: Apache-2.0 */
/* offer: what a provider takes orders for, as far as programs know it that never
 * call one: what a request must bring, and which call carries it out.
 *
 * One const struct per provider, offer_NAME in offer_NAME.c.  Pure. */
#ifndef ORDER_OFFER_H
#define ORDER_OFFER_H

#include <stdbool.h>

#include "base/providers.h"
#include "order/plan.h"
#include "order/words.h"

enum {
    OFFERED = 1 << 0,
    NEEDS_IP = 1 << 1,
    NEEDS_NEW_IP = 1 << 2,
    NEEDS_MONTHS = 1 << 3,
    NEEDS_NEW_PRODUCT = 1 << 4,
    NEEDS_CUSTOMER = 1 << 5,     /* license_key and customer_email */
    NEEDS_VERIFICATION = 1 << 6, /* what verification_type asks for */
};

struct offer {
    /* What a request of each type must have; a missing cell is not offered.  Whether
     * an operation_key is needed follows from order_type_paid() alone. */
    unsigned needs[ORDER_TYPE_COUNT];
    /* The call and its fields for an offered type; the call borrows the input's strings. */
    void (*plan)(const struct plan_input *input, struct call *call);
};

#define OFFER_DECLARED(kind, name, word) extern const struct offer offer_##name;
PROVIDERS(OFFER_DECLARED)
#undef OFFER_DECLARED

const struct offer *offer_of(enum provider_kind provider);

#endif
