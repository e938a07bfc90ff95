/* SPDX-License-Identifier: Apache-2.0 */
/* request: what a delivery asks for, whichever format it came in, and the checks
 * that decide whether it may become an order.
 *
 * Adapters (fcgi/panels) fill struct order_request with the event's own words;
 * request_check() makes it canonical or names the field that is wrong.  All
 * strings are NUL-terminated UTF-8 borrowed from the caller's arena; NULL means
 * absent.  Pure: no I/O, no clock. */
#ifndef ORDER_REQUEST_H
#define ORDER_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/config.h"
#include "base/signature.h"
#include "order/credits.h"
#include "order/words.h"

/* Most bytes of one text field; operation_key, service_id and product_code
 * have REQUEST_KEY_MAX. */
#define REQUEST_TEXT_MAX   255
#define REQUEST_KEY_MAX    200
#define REQUEST_MONTHS_MAX 120

struct order_request {
    enum order_type type;
    const char *operation_key; /* after the check never NULL: the delivery id where the type needs none */
    const char *service_id;
    const char *panel_order_id; /* data.order_id */
    const char *invoice_id;
    const char *invoice_item_id;
    const char *product_code;
    const char *new_product_code;
    const char *ip;         /* canonical after the check */
    const char *new_ip;     /* likewise */
    int billing_months;     /* 0: absent */
    const char *period_end; /* YYYY-MM-DD */
    const char *license_key;
    const char *customer_email;
    const char *domain;
    const char *hwid;
    const char *machine_name; /* data.metadata.machine_name */
    const char *os_info;      /* data.metadata.os_info */
    enum verification verification;
    bool has_sequence;
    int64_t sequence;  /* >= 0 */
    const char *cause; /* data.reason */
    bool has_max_credits;
    credits_t max_credits; /* for the whole order */
    bool dry_run;
    int64_t event_ms; /* the event's own timestamp; INT64_MIN when absent */

    /* Filled by request_check from the configuration; borrowed from it. */
    const struct config_product *product;
    const struct config_product *new_product;
    bool paid;
    unsigned char fingerprint[DIGEST_SIZE]; /* over the fields that a known operation_key must repeat */
};

/* Why a delivery is refused; status is the HTTP status it is answered with. */
struct problem {
    int status;        /* 422, 403 … */
    const char *field; /* "data.ip"; NULL when no one field is at fault */
    const char *text;  /* for people; arena or static */
};

/* Checks everything that needs no database: required fields per type and
 * provider, spellings, ranges, product mapping and permission, dates.  Makes ip
 * and new_ip canonical (in the arena), fills the second part.  delivery_id is
 * the key of types that need none.  false fills *problem. */
bool request_check(struct order_request *request, const struct config *config, const struct config_source *source,
                   const char *delivery_id, struct arena *arena, struct problem *problem);

#endif
