/* SPDX-License-Identifier: Apache-2.0 */
/* personality: what the documents leave open, one switch each. */
#ifndef STANDIN_PERSONALITY_H
#define STANDIN_PERSONALITY_H

#include <jansson.h>

enum trait {
    TRAIT_DUPLICATE_CREATE,
    TRAIT_REPEATED_STATE,
    TRAIT_REFUSALS,
    TRAIT_MISSING_FIELD,
    TRAIT_PRICE,
    TRAIT_CHANGE_CORE,
    TRAIT_LICENSE_ID,
    TRAIT_BALANCE,
    TRAIT_PRODUCT_FIELDS,
    TRAIT_ZONE_INVALID,
    TRAIT_COUNT
};

enum duplicate_create { DUPLICATE_REFUSED, DUPLICATE_CHARGED, DUPLICATE_EXISTING };
enum repeated_state { REPEATED_ACCEPTED, REPEATED_REFUSED };
enum refusals { REFUSALS_200, REFUSALS_4XX };
enum missing_field { MISSING_422, MISSING_400 };
enum price { PRICE_TIMES_MONTHS, PRICE_FLAT };
enum change_core { CHANGE_CORE_PAID, CHANGE_CORE_FREE };
enum license_id { LICENSE_ID_NUMBER, LICENSE_ID_TEXT, LICENSE_ID_ABSENT };
enum balance { BALANCE_NUMBER, BALANCE_STRING, BALANCE_FLOAT };
enum product_fields { PRODUCT_EXTENDED, PRODUCT_DOCUMENTED };
enum zone_invalid { ZONE_INVALID_400, ZONE_INVALID_200 };

/* One choice per trait; all zero is the default of each. */
struct personality {
    int choice[TRAIT_COUNT];
};

json_t *personality_show(const struct personality *personality);
/* Changes all that `wanted` names, or nothing: NULL, or what is unknown. */
const char *personality_set(struct personality *personality, json_t *wanted);

#endif
