/* SPDX-License-Identifier: Apache-2.0 */
/* words: the vocabulary of an order, one spelling each for C, SQL and JSON. */
#ifndef ORDER_WORDS_H
#define ORDER_WORDS_H

#include <stdbool.h>

#include "base/providers.h"

enum order_type {
    ORDER_CREATE,         /* license.create */
    ORDER_RENEW,          /* license.renew */
    ORDER_SUSPEND,        /* license.suspend */
    ORDER_UNSUSPEND,      /* license.unsuspend */
    ORDER_TERMINATE,      /* license.terminate */
    ORDER_CHANGE_IP,      /* license.change_ip */
    ORDER_CHANGE_PRODUCT, /* license.change_product */
    ORDER_VERIFY,         /* license.verify */
    ORDER_TYPE_COUNT
};

enum order_state {
    ORDER_QUEUED,
    ORDER_BLOCKED,
    ORDER_HELD,
    ORDER_CALLING,
    ORDER_IN_DOUBT,
    ORDER_NEEDS_REVIEW,
    ORDER_SUCCEEDED,
    ORDER_FAILED,
    ORDER_CANCELLED,
    ORDER_STATE_COUNT
};

#define PROVIDER_COUNTED(kind, name, word) PROVIDER_##kind,
enum provider_kind { PROVIDERS(PROVIDER_COUNTED) PROVIDER_KIND_COUNT };
#undef PROVIDER_COUNTED

enum verification { VERIFICATION_NONE, VERIFICATION_HWID, VERIFICATION_DOMAIN, VERIFICATION_IP, VERIFICATION_ALL };

/* What an answer, or its absence, means for the order that asked.  Decided in
 * provider/verdict.c alone. */
enum verdict {
    VERDICT_DONE,    /* the upstream did it */
    VERDICT_LATER,   /* provably not carried out: try again later */
    VERDICT_REFUSED, /* provably not carried out, and the upstream will not */
    VERDICT_UNSURE,  /* may have been carried out */
};

const char *order_type_word(enum order_type type);
bool order_type_parse(const char *word, enum order_type *type);
const char *order_state_word(enum order_state state);
bool order_state_parse(const char *word, enum order_state *state);
const char *provider_kind_word(enum provider_kind kind);
bool provider_kind_parse(const char *word, enum provider_kind *kind);
const char *verification_word(enum verification verification); /* NULL for NONE */
bool verification_parse(const char *word, enum verification *verification);
const char *verdict_word(enum verdict verdict);

/* succeeded, failed or cancelled: nothing more will happen by itself. */
bool order_state_finished(enum order_state state);
/* Finished, or nothing will happen before somebody or something else steps in:
 * held, needs_review. */
bool order_state_rests(enum order_state state);

#endif
