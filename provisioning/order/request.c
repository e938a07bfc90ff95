/* SPDX-License-Identifier: Apache-2.0 */
/* request: why all checks stand in one place: a delivery that passes here becomes
 * an order that somebody pays for, so what passes must not depend on the format
 * it came in.
 *
 * Owns the checks and the fingerprint; what each type needs is the provider's offer
 * to say.  Never asks the database or the upstream (whether a key is taken or a product
 * hidden is decided there) and never repeats a field's value in a problem.  A
 * crash leaves nothing behind: the delivery was not answered. */
#include "order/request.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "order/offer.h"
#include "order/request_fields.h"

/* One row per text field.  What goes with a license key is free text in orders
 * that need none: a panel's odd host name must not stop a purchase that never
 * mentions it. */
struct field_rule {
    const char *name;
    size_t offset; /* of the const char * in struct order_request */
    size_t max;
    unsigned needed_by;
    enum field_spelling spelling;
    bool with_key;
};

#define FIELD(member) offsetof(struct order_request, member)

static const struct field_rule FIELDS[] = {
    {"data.operation_key", FIELD(operation_key), REQUEST_KEY_MAX, 0, FIELD_NAME, false},
    {"data.service_id", FIELD(service_id), REQUEST_KEY_MAX, OFFERED, FIELD_NAME, false},
    {"data.product_code", FIELD(product_code), REQUEST_KEY_MAX, OFFERED, FIELD_NAME, false},
    {"data.new_product_code", FIELD(new_product_code), REQUEST_KEY_MAX, NEEDS_NEW_PRODUCT, FIELD_NAME, false},
    {"data.ip", FIELD(ip), REQUEST_TEXT_MAX, NEEDS_IP, FIELD_IP, false},
    {"data.new_ip", FIELD(new_ip), REQUEST_TEXT_MAX, NEEDS_NEW_IP, FIELD_IP, false},
    {"data.period_end", FIELD(period_end), REQUEST_TEXT_MAX, 0, FIELD_DATE, false},
    {"data.license_key", FIELD(license_key), REQUEST_TEXT_MAX, NEEDS_CUSTOMER, FIELD_NAME, true},
    {"data.customer_email", FIELD(customer_email), REQUEST_TEXT_MAX, NEEDS_CUSTOMER, FIELD_EMAIL, true},
    {"data.domain", FIELD(domain), REQUEST_TEXT_MAX, 0, FIELD_HOST, true},
    {"data.hwid", FIELD(hwid), REQUEST_TEXT_MAX, 0, FIELD_NAME, true},
    {"data.order_id", FIELD(panel_order_id), REQUEST_TEXT_MAX, 0, FIELD_TEXT, false},
    {"data.invoice_id", FIELD(invoice_id), REQUEST_TEXT_MAX, 0, FIELD_TEXT, false},
    {"data.invoice_item_id", FIELD(invoice_item_id), REQUEST_TEXT_MAX, 0, FIELD_TEXT, false},
    {"data.metadata.machine_name", FIELD(machine_name), REQUEST_TEXT_MAX, 0, FIELD_TEXT, false},
    {"data.metadata.os_info", FIELD(os_info), REQUEST_TEXT_MAX, 0, FIELD_TEXT, false},
    {"data.reason", FIELD(cause), REQUEST_TEXT_MAX, 0, FIELD_TEXT, false},
};

#define FIELD_COUNT (sizeof(FIELDS) / sizeof(FIELDS[0]))

/* What one check needs at hand. */
struct check {
    struct order_request *request;
    const struct config *config;
    const struct config_source *source;
    enum provider_kind provider;
    unsigned needs;
    struct arena *arena;
    struct problem *problem;
};

static bool refuse(const struct check *check, int status, const char *field, const char *text)
{
    *check->problem = (struct problem){status, field, text};
    return false;
}

/* The mapping of a product code, or NULL with the problem told. */
static const struct config_product *product_find(const struct check *check, const char *field, const char *code)
{
    const struct config_product *product = code != NULL ? config_product_find(check->config, code) : NULL;
    if (code == NULL)
        refuse(check, 422, field, arena_printf(check->arena, "%s is required", field));
    else if (product == NULL)
        refuse(check, 422, field, arena_printf(check->arena, "%s names no configured product", field));
    else if (!config_source_permits(check->source, product)) {
        refuse(check, 403, field, arena_printf(check->arena, "%s names a product this source may not order", field));
        product = NULL;
    }
    return product;
}

static bool provider_check(struct check *check)
{
    struct order_request *request = check->request;
    request->product = product_find(check, "data.product_code", request->product_code);
    if (request->product == NULL)
        return false;
    /* The configuration's reader knows the providers by the same words. */
    bool known = provider_kind_parse(request->product->account->provider, &check->provider);
    assert(known);
    (void)known;
    check->needs = offer_of(check->provider)->needs[request->type];
    request->paid = order_type_paid(request->type, check->provider);
    if ((check->needs & OFFERED) == 0)
        return refuse(check, 422, "type",
                      arena_printf(check->arena, "%s is not offered by %s", order_type_word(request->type),
                                   provider_kind_word(check->provider)));
    return true;
}

static bool field_check(const struct check *check, const struct field_rule *rule)
{
    const char **value = (const char **)(void *)((char *)check->request + rule->offset);
    if (*value == NULL) {
        if ((check->needs & rule->needed_by) == 0)
            return true;
        return refuse(
            check, 422, rule->name,
            arena_printf(check->arena, "%s is required for %s", rule->name, order_type_word(check->request->type)));
    }
    bool unused = rule->with_key && (check->needs & NEEDS_CUSTOMER) == 0;
    const char *wrong = field_problem(unused ? FIELD_TEXT : rule->spelling, rule->max, value, check->arena);
    if (wrong == NULL)
        return true;
    return refuse(check, 422, rule->name, arena_printf(check->arena, "%s %s", rule->name, wrong));
}

static bool fields_check(const struct check *check)
{
    for (size_t i = 0; i < FIELD_COUNT; i++)
        if (!field_check(check, &FIELDS[i]))
            return false;
    return true;
}

/* A purchase without a key of its own could be bought again by a panel that
 * sends the same thing as a new delivery; other types repeat harmlessly. */
static bool key_check(const struct check *check, const char *delivery_id)
{
    struct order_request *request = check->request;
    if (request->operation_key != NULL)
        return true;
    if (request->paid)
        return refuse(check, 422, "data.operation_key",
                      arena_printf(check->arena, "data.operation_key is required for %s: it takes credits",
                                   order_type_word(request->type)));
    const char *wrong = field_problem(FIELD_NAME, REQUEST_KEY_MAX, &delivery_id, check->arena);
    if (wrong != NULL)
        return refuse(check, 422, "webhook-id",
                      arena_printf(check->arena, "webhook-id, the key of this order, %s", wrong));
    request->operation_key = delivery_id;
    return true;
}

static bool numbers_check(const struct check *check)
{
    const struct order_request *request = check->request;
    if ((check->needs & NEEDS_MONTHS) != 0 && request->billing_months == 0)
        return refuse(
            check, 422, "data.billing_months",
            arena_printf(check->arena, "data.billing_months is required for %s", order_type_word(request->type)));
    if (request->billing_months < 0 || request->billing_months > REQUEST_MONTHS_MAX)
        return refuse(check, 422, "data.billing_months", "data.billing_months is not a number from 1 to 120");
    if (request->has_sequence && request->sequence < 0)
        return refuse(check, 422, "data.sequence", "data.sequence is below 0");
    if (request->has_max_credits && request->max_credits < 0)
        return refuse(check, 422, "data.max_credits", "data.max_credits is below 0");
    return true;
}

static bool verification_check(const struct check *check)
{
    const struct order_request *request = check->request;
    if ((check->needs & NEEDS_VERIFICATION) == 0)
        return true;
    switch (request->verification) {
    case VERIFICATION_NONE:
        return true;
    case VERIFICATION_HWID:
        return request->hwid != NULL ||
               refuse(check, 422, "data.hwid", "data.hwid is required for the verification_type hwid");
    case VERIFICATION_DOMAIN:
        return request->domain != NULL ||
               refuse(check, 422, "data.domain", "data.domain is required for the verification_type domain");
    case VERIFICATION_IP:
        return request->ip != NULL || refuse(check, 422, "data.ip", "data.ip is required for the verification_type ip");
    case VERIFICATION_ALL:
        return request->hwid != NULL || request->domain != NULL || request->ip != NULL ||
               refuse(check, 422, "data.verification_type",
                      "data.verification_type all needs at least one of data.hwid, data.domain and data.ip");
    }
    return true;
}

static bool is_litespeed(const struct config_product *product)
{
    return strncmp(product->upstream_type, "litespeed", strlen("litespeed")) == 0;
}

/* What a change leads to must be something else, and reachable. */
static bool change_check(const struct check *check)
{
    static const char field[] = "data.new_product_code";
    struct order_request *request = check->request;
    if ((check->needs & NEEDS_NEW_IP) != 0 && strcmp(request->ip, request->new_ip) == 0)
        return refuse(check, 422, "data.new_ip", "data.new_ip is the same address as data.ip");
    if ((check->needs & NEEDS_NEW_PRODUCT) == 0)
        return true;
    request->new_product = product_find(check, field, request->new_product_code);
    if (request->new_product == NULL)
        return false;
    if (request->new_product->account != request->product->account)
        return refuse(check, 422, field, "data.new_product_code belongs to another account than data.product_code");
    if (!is_litespeed(request->product))
        return refuse(check, 422, "data.product_code",
                      "data.product_code is not a LiteSpeed product: only those can be changed");
    if (!is_litespeed(request->new_product))
        return refuse(check, 422, field,
                      "data.new_product_code is not a LiteSpeed product: only those can be changed to");
    if (strcmp(request->product->upstream_type, request->new_product->upstream_type) == 0)
        return refuse(check, 422, field, "data.new_product_code is the same product as data.product_code");
    return true;
}

/* Presence and length before the bytes: no two requests share a digest because
 * their fields lie next to each other, or one is empty and the other absent. */
static void print_add(struct text *print, const char *value)
{
    size_t size = value != NULL ? strlen(value) : 0;
    assert(size <= REQUEST_TEXT_MAX);
    text_add(print, (const unsigned char[]){value != NULL, (unsigned char)size}, 2);
    if (value != NULL)
        text_add(print, value, size);
}

static void fingerprint_make(struct order_request *request)
{
    char months[16];
    snprintf(months, sizeof(months), "%d", request->billing_months);
    const char *const values[] = {
        order_type_word(request->type),
        request->service_id,
        request->product_code,
        request->new_product_code,
        request->ip,
        request->new_ip,
        months,
        request->period_end,
        request->license_key,
    };
    size_t count = sizeof(values) / sizeof(values[0]);
    struct text print;
    text_init(&print, count * (REQUEST_TEXT_MAX + 2));
    for (size_t i = 0; i < count; i++)
        print_add(&print, values[i]);
    digest_sha256(print.data, print.len, request->fingerprint);
    text_clear(&print);
}

bool request_check(struct order_request *request, const struct config *config, const struct config_source *source,
                   const char *delivery_id, struct arena *arena, struct problem *problem)
{
    struct check check = {request, config, source, PROVIDER_KIND_COUNT, 0, arena, problem};
    if (!provider_check(&check) || !fields_check(&check) || !key_check(&check, delivery_id) || !numbers_check(&check) ||
        !verification_check(&check) || !change_check(&check))
        return false;
    fingerprint_make(request);
    return true;
}
