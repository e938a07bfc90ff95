/* SPDX-License-Identifier: Apache-2.0 */
/* canonical: reads our own delivery format.
 *
 * One table says which member of "data" fills which part of the request and in
 * what shape.  Owns the JSON tree while it reads; keeps nothing, so a crash
 * leaves nothing. */
#include "fcgi/panels/canonical.h"

#include <string.h>

#include "base/clock.h"
#include "fcgi/panels/body.h"
#include "base/utf8.h"

enum member_kind {
    MEMBER_TEXT,
    MEMBER_ID, /* text or integer, kept as text */
};

struct member {
    const char *name;
    enum member_kind kind;
    size_t offset; /* of a const char * in struct order_request */
};

#define MEMBER(name, kind, field)                                                                                      \
    {                                                                                                                  \
        name, kind, offsetof(struct order_request, field)                                                              \
    }

static const struct member MEMBERS[] = {
    MEMBER("operation_key", MEMBER_TEXT, operation_key),
    MEMBER("service_id", MEMBER_ID, service_id),
    MEMBER("order_id", MEMBER_ID, panel_order_id),
    MEMBER("invoice_id", MEMBER_ID, invoice_id),
    MEMBER("invoice_item_id", MEMBER_ID, invoice_item_id),
    MEMBER("product_code", MEMBER_TEXT, product_code),
    MEMBER("new_product_code", MEMBER_TEXT, new_product_code),
    MEMBER("ip", MEMBER_TEXT, ip),
    MEMBER("new_ip", MEMBER_TEXT, new_ip),
    MEMBER("period_end", MEMBER_TEXT, period_end),
    MEMBER("license_key", MEMBER_TEXT, license_key),
    MEMBER("customer_email", MEMBER_TEXT, customer_email),
    MEMBER("domain", MEMBER_TEXT, domain),
    MEMBER("hwid", MEMBER_TEXT, hwid),
    MEMBER("reason", MEMBER_TEXT, cause),
};

static const struct member METADATA[] = {
    MEMBER("machine_name", MEMBER_TEXT, machine_name),
    MEMBER("os_info", MEMBER_TEXT, os_info),
};

/* What every step needs. */
struct reading {
    struct arena *arena;
    struct order_request *request;
    struct problem *problem;
};

static bool refuse(struct problem *problem, int status, const char *field, const char *text)
{
    *problem = (struct problem){status, field, text};
    return false;
}

/* 422 with a sentence that begins with the field's name. */
static bool field_refuse(const struct reading *reading, const char *field, const char *text)
{
    return refuse(reading->problem, 422, field, arena_printf(reading->arena, "%s %s", field, text));
}

/* null and absent are one. */
static const json_t *member_get(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_null(value) ? NULL : value;
}

static bool members_read(struct reading *reading, const json_t *object, const char *prefix,
                         const struct member *members, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct member *member = &members[i];
        const json_t *value = member_get(object, member->name);
        const char *text;

        if (value == NULL)
            continue;
        if (json_is_string(value)) {
            text = arena_strdup(reading->arena, json_string_value(value));
        } else if (member->kind == MEMBER_ID && json_is_integer(value)) {
            text = arena_printf(reading->arena, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        } else {
            const char *field = arena_printf(reading->arena, "%s%s", prefix, member->name);
            return field_refuse(reading, field,
                                member->kind == MEMBER_ID ? "must be a string or a whole number" : "must be a string");
        }
        memcpy((char *)reading->request + member->offset, &text, sizeof text);
    }
    return true;
}

static bool months_read(struct reading *reading, const json_t *data)
{
    const json_t *value = member_get(data, "billing_months");

    if (value == NULL)
        return true;
    json_int_t months = json_integer_value(value);
    if (!json_is_integer(value) || months < 1 || months > REQUEST_MONTHS_MAX)
        return field_refuse(
            reading, "data.billing_months",
            arena_printf(reading->arena, "must be a whole number of months from 1 to %d", REQUEST_MONTHS_MAX));
    reading->request->billing_months = (int)months;
    return true;
}

static bool sequence_read(struct reading *reading, const json_t *data)
{
    const json_t *value = member_get(data, "sequence");

    if (value == NULL)
        return true;
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return field_refuse(reading, "data.sequence", "must be a whole number, 0 or more");
    reading->request->has_sequence = true;
    reading->request->sequence = json_integer_value(value);
    return true;
}

static bool max_credits_read(struct reading *reading, const json_t *data)
{
    const json_t *value = member_get(data, "max_credits");
    credits_t *credits = &reading->request->max_credits;
    bool good = false;

    if (value == NULL)
        return true;
    if (json_is_string(value))
        good = credits_parse(json_string_value(value), credits);
    else if (json_is_integer(value))
        good = credits_parse(arena_printf(reading->arena, "%" JSON_INTEGER_FORMAT, json_integer_value(value)), credits);
    if (!good || *credits < 0)
        return field_refuse(
            reading, "data.max_credits",
            "must be a decimal in a string (\"4.5\") or a whole number, 0 or more, with at most six places");
    reading->request->has_max_credits = true;
    return true;
}

static bool verification_read(struct reading *reading, const json_t *data)
{
    const json_t *value = member_get(data, "verification_type");

    if (value == NULL)
        return true;
    if (!json_is_string(value) || !verification_parse(json_string_value(value), &reading->request->verification))
        return field_refuse(reading, "data.verification_type", "must be hwid, domain, ip or all");
    return true;
}

static bool dry_run_read(struct reading *reading, const json_t *data)
{
    const json_t *value = member_get(data, "dry_run");

    if (value == NULL)
        return true;
    if (!json_is_boolean(value))
        return field_refuse(reading, "data.dry_run", "must be true or false");
    reading->request->dry_run = json_is_true(value);
    return true;
}

static bool metadata_read(struct reading *reading, const json_t *data)
{
    const json_t *value = member_get(data, "metadata");

    if (value == NULL)
        return true;
    if (!json_is_object(value)) {
        /* PHP writes an empty map as [] */
        if (json_is_array(value) && json_array_size(value) == 0)
            return true;
        return field_refuse(reading, "data.metadata", "must be an object");
    }
    return members_read(reading, value, "data.metadata.", METADATA, sizeof METADATA / sizeof METADATA[0]);
}

static bool data_read(struct reading *reading, const json_t *data)
{
    if (!json_is_object(data))
        return field_refuse(reading, "data",
                            data == NULL ? "is required: an object with the order's fields" : "must be an object");
    return members_read(reading, data, "data.", MEMBERS, sizeof MEMBERS / sizeof MEMBERS[0]) &&
           months_read(reading, data) && sequence_read(reading, data) && max_credits_read(reading, data) &&
           verification_read(reading, data) && dry_run_read(reading, data) && metadata_read(reading, data);
}

static bool frame_read(struct reading *reading, const json_t *root)
{
    const json_t *schema = member_get(root, "schema");
    const json_t *timestamp = member_get(root, "timestamp");

    reading->request->event_ms = INT64_MIN;
    if (schema != NULL && !(json_is_integer(schema) && json_integer_value(schema) == 1))
        return field_refuse(reading, "schema", "must be 1, the only version there is");
    if (timestamp == NULL)
        return true;
    if (json_is_string(timestamp))
        reading->request->event_ms = clock_parse_rfc3339(json_string_value(timestamp));
    if (reading->request->event_ms == INT64_MIN)
        return field_refuse(reading, "timestamp", "must be an RFC 3339 time, like 2026-11-21T18:00:00Z");
    return true;
}

static bool source_ignores(const struct config_source *source, const char *type)
{
    for (size_t i = 0; i < source->ignore_count; i++)
        if (strcmp(source->ignore[i], type) == 0)
            return true;
    return false;
}

static bool root_read(struct reading *reading, const json_t *root, const struct config_source *source,
                      struct panel_event *event)
{
    const json_t *type = json_object_get(root, "type");

    if (!json_is_object(root))
        return refuse(reading->problem, 400, NULL, "the body must be a JSON object");
    if (!json_is_string(type))
        return field_refuse(reading, "type", type == NULL ? "is required: the event's type" : "must be a string");
    event->type = arena_strdup(reading->arena, json_string_value(type));
    event->kind = PANEL_PING;
    if (strcmp(event->type, "test.ping") == 0)
        return true;
    event->kind = PANEL_IGNORED;
    if (source_ignores(source, event->type))
        return true;
    event->kind = PANEL_ORDER;
    if (!order_type_parse(event->type, &event->request.type))
        return field_refuse(reading, "type", "is not a type of event that is known here");
    return frame_read(reading, root) && data_read(reading, member_get(root, "data"));
}

bool canonical_fill(const json_t *root, const struct config_source *source, struct arena *arena,
                    struct panel_event *event, struct problem *problem)
{
    struct reading reading = {arena, &event->request, problem};

    *event = (struct panel_event){0};
    return root_read(&reading, root, source, event);
}

bool canonical_read(const struct panel_input *input, struct arena *arena, struct panel_event *event,
                    struct problem *problem)
{
    json_t *root = body_parse(input->body, input->len, arena, problem);

    *event = (struct panel_event){0};
    if (root == NULL)
        return false;
    bool good = canonical_fill(root, input->source, arena, event, problem);
    json_decref(root);
    return good;
}
