/* SPDX-License-Identifier: Apache-2.0 */
/* Builds example events from what the provider's offer says each type needs and an
 * example of each field.
 *
 * Notices are examples of what sql/functions/orders_told.sql and its neighbours
 * write.  Only makes examples: what is right or wrong is decided by the front door, so a
 * wrong value given on purpose goes through as it is. */
#include "ctl/event.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "order/offer.h"

#define PING    "test.ping"
#define LOW     "balance.low"
#define INVALID "license.invalid"

/* Addresses and names reserved for documentation (RFC 5737, RFC 2606). */
static const struct {
    unsigned needed_by;
    const char *name;
    const char *text; /* NULL: the number is meant */
    int number;
} examples[] = {
    {NEEDS_IP, "ip", "203.0.113.10", 0},
    {NEEDS_NEW_IP, "new_ip", "203.0.113.20", 0},
    {NEEDS_MONTHS, "billing_months", NULL, 1},
    {NEEDS_NEW_PRODUCT, "new_product_code", "litespeed_x_core", 0},
    {NEEDS_CUSTOMER, "license_key", "EXAMPLE-KEY", 0},
    {NEEDS_CUSTOMER, "customer_email", "customer@example.com", 0},
    {NEEDS_VERIFICATION, "verification_type", "domain", 0},
    {NEEDS_VERIFICATION, "domain", "www.example.com", 0},
};

/* Members that are no strings in an event. */
static const char *const integers[] = {"billing_months", "sequence"};
static const char *const booleans[] = {"dry_run"};

static bool listed(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* A type that the provider does not offer is sent too: the answer tells. */
static void examples_set(json_t *data, const struct event_spec *spec, enum order_type type, struct arena *arena)
{
    unsigned needs = offer_of(spec->provider)->needs[type];

    json_object_set_new(data, "product_code", json_string(spec->product_code));
    json_object_set_new(data, "service_id", json_string("example-1"));
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++)
        if ((needs & examples[i].needed_by) != 0)
            json_object_set_new(data, examples[i].name,
                                examples[i].text != NULL ? json_string(examples[i].text)
                                                         : json_integer(examples[i].number));
    if (order_type_paid(type, spec->provider))
        json_object_set_new(data, "operation_key", json_string(arena_printf(arena, "example:%s", spec->id)));
}

/* States that a notice tells of. */
static const enum order_state told_states[] = {ORDER_SUCCEEDED, ORDER_FAILED, ORDER_CANCELLED, ORDER_HELD,
                                               ORDER_NEEDS_REVIEW};

/* "order.succeeded" …; false: the type is none of them. */
static bool told_state(const char *type, enum order_state *state)
{
    static const char prefix[] = "order.";
    if (strncmp(type, prefix, sizeof prefix - 1) != 0 || !order_state_parse(type + sizeof prefix - 1, state))
        return false;
    for (size_t i = 0; i < sizeof told_states / sizeof told_states[0]; i++)
        if (told_states[i] == *state)
            return true;
    return false;
}

bool event_is_notice(const char *type)
{
    enum order_state state;
    return told_state(type, &state) || strcmp(type, LOW) == 0 || strcmp(type, INVALID) == 0;
}

static json_t *license_example(const char *status)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:n, s:s, s:s, s:n}", "license_id", "12", "status", status, "product_code",
                     "cpanel", "ip", "203.0.113.10", "license_key", "upstream_license_id", "87021", "period_end",
                     "2026-12-21", "expires_at");
}

static json_t *order_example(const struct event_spec *spec, enum order_state state, const char *now)
{
    bool done = state == ORDER_SUCCEEDED;
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s?, s:i, s:s?, s:s, s:s, s:n, s:o}", "order_id", "41", "source",
                     spec->source, "service_id", "example-1", "operation_key", "example-1:create:1", "type",
                     order_type_word(ORDER_CREATE), "state", order_state_word(state), "reason",
                     done ? NULL : "an example", "attempts", 1, "credits", done ? "4" : NULL, "created_at", now,
                     "updated_at", now, "next_try_at", "license", license_example(done ? "active" : "pending"));
}

/* The data of a notice. */
static json_t *notice_example(const struct event_spec *spec, const char *now)
{
    enum order_state state;
    if (told_state(spec->type, &state))
        return order_example(spec, state, now);
    if (strcmp(spec->type, LOW) == 0)
        return json_pack("{s:s, s:s, s:s, s:s}", "account", "main", "provider", "724license", "balance", "17.5",
                         "threshold", "20");
    return json_pack("{s:s, s:s, s:s, s:s, s:o}", "source", spec->source, "service_id", "example-1", "account", "zone",
                     "reason", "the provider calls it invalid", "license", license_example("active"));
}

/* A value that does not read as its member's type goes as a string. */
static json_t *value_json(const char *name, const char *value)
{
    int64_t number;
    if (listed(integers, sizeof integers / sizeof integers[0], name) &&
        text_parse_int(value, INT64_MIN, INT64_MAX, &number))
        return json_integer(number);
    if (listed(booleans, sizeof booleans / sizeof booleans[0], name) &&
        (strcmp(value, "true") == 0 || strcmp(value, "false") == 0))
        return json_boolean(value[0] == 't');
    return json_string(value);
}

static const char *field_set(json_t *data, const char *field, struct arena *arena)
{
    static const char inner[] = "metadata.";
    const char *equals = strchr(field, '=');
    json_t *into = data;

    if (equals == NULL || equals == field)
        return arena_printf(arena, "a field is KEY=VALUE, not %s", field);
    const char *name = arena_strndup(arena, field, (size_t)(equals - field));
    if (strncmp(name, inner, sizeof inner - 1) == 0) {
        name += sizeof inner - 1;
        into = json_object_get(data, "metadata");
        if (into == NULL) {
            into = json_object();
            json_object_set_new(data, "metadata", into);
        }
    }
    if (equals[1] == '\0')
        json_object_del(into, name);
    else if (json_object_set_new(into, name, value_json(name, equals + 1)) != 0)
        return arena_printf(arena, "the value of %s is no UTF-8", name);
    return NULL;
}

static const char *json_dump(const json_t *json, struct arena *arena)
{
    char *dumped = json_dumps(json, JSON_COMPACT);
    const char *copy = arena_strdup(arena, dumped);
    free(dumped);
    return copy;
}

const char *event_build(const struct event_spec *spec, struct arena *arena, const char **problem)
{
    const char *body = NULL;
    enum order_type type;
    char now[CLOCK_TEXT_MAX];

    *problem = NULL;
    clock_format(spec->now_ms, now);
    bool notice = event_is_notice(spec->type);
    json_t *event = json_object(), *data = notice ? notice_example(spec, now) : json_object();
    json_object_set_new(event, "type", json_string(spec->type));
    json_object_set_new(event, "timestamp", json_string(now));
    json_object_set_new(event, "schema", json_integer(1));
    json_object_set_new(event, "data", data);
    if (order_type_parse(spec->type, &type) && spec->product_code != NULL)
        examples_set(data, spec, type, arena);
    else if (!notice && strcmp(spec->type, PING) != 0)
        *problem = arena_printf(arena,
                                "no example of %s: license.create, renew, suspend, unsuspend, terminate, "
                                "change_ip, change_product, verify or test.ping; of notices order.succeeded, failed, "
                                "cancelled, held, needs_review, balance.low or license.invalid",
                                spec->type);
    for (size_t i = 0; i < spec->field_count && *problem == NULL; i++)
        *problem = field_set(data, spec->fields[i], arena);
    if (*problem == NULL)
        body = json_dump(event, arena);
    json_decref(event);
    return body;
}
