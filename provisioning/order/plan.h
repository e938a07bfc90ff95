/* SPDX-License-Identifier: Apache-2.0 */
/* plan: which upstream call carries an order out, and with which fields.
 *
 * The one place that turns an order into a call; the worker sends what is
 * planned here and a dry run shows it.  Transport, token and answers belong to
 * the provider. */
#ifndef ORDER_PLAN_H
#define ORDER_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "order/words.h"

enum call_name {
    CALL_PRODUCTS,
    CALL_PRODUCT,
    CALL_BALANCE,
    CALL_CREATE,
    CALL_RENEW,
    CALL_SUSPEND,
    CALL_UNSUSPEND,
    CALL_CHANGE_IP,
    CALL_CHANGE_CORE,
    CALL_ACTIVATE, /* Lisans Zone from here on */
    CALL_VERIFY,
    CALL_DEACTIVATE,
    CALL_INFO,
    CALL_NAME_COUNT
};

/* One member of the call's JSON body. */
struct call_field {
    const char *name;
    const char *text; /* NULL: the number is meant */
    long number;
};

#define CALL_FIELDS_MAX 10

struct call {
    enum call_name name;
    size_t count;
    struct call_field fields[CALL_FIELDS_MAX];
};

/* The facts of an order that a call can carry; strings borrowed. */
struct plan_input {
    enum provider_kind provider;
    enum order_type type;
    const char *upstream_type;
    const char *new_upstream_type;
    const char *ip;
    const char *new_ip;
    int billing_months;
    const char *license_key;
    const char *customer_email;
    const char *domain;
    const char *hwid;
    const char *machine_name;
    const char *os_info;
    enum verification verification;
    const char *cause;
};

const char *call_word(enum call_name name); /* "create", "change-ip", "activate" … */
bool call_paid(enum call_name name);
/* Whether a done call changes what the customer has (not a read or a probe). */
bool call_changes(enum call_name name);
/* For offers.  An absent text (NULL) is left out of the body. */
void call_add(struct call *call, const char *name, const char *text);
void call_add_number(struct call *call, const char *name, long number);
/* Which call the type is; false when the provider does not offer it. */
bool plan_name(enum provider_kind provider, enum order_type type, enum call_name *name);
/* false when the provider does not offer the type; the call borrows the input's
 * strings. */
bool plan_call(const struct plan_input *input, struct call *call);
/* Whether carrying the type out at the provider takes credits. */
bool order_type_paid(enum order_type type, enum provider_kind provider);

#endif
