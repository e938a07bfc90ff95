/* SPDX-License-Identifier: Apache-2.0 */
/* mapped: finds the fields in a panel's payload, puts them together as our own
 * format has them, and lets canonical.c check them like any others.
 *
 * A path is names and indexes with dots between, NAME=TEXT picks the element of
 * a list whose NAME is TEXT, " | " offers another path where the first finds
 * nothing, and "=TEXT" is TEXT itself.  Pure; owns its trees while it reads. */
#include "fcgi/panels/mapped.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/signature.h"
#include "base/text.h"
#include "fcgi/panels/body.h"
#include "fcgi/panels/canonical.h"
#include "fcgi/panels/signed.h"
#include "order/plan.h"

#define DATE_LEN   10                   /* YYYY-MM-DD */
#define MAPPED_MAX ((size_t)128 * 1024) /* above a body and what is said around its pieces */

enum field_kind {
    FIELD_TEXT,
    FIELD_NUMBER, /* canonical wants a JSON integer */
    FIELD_DATE,   /* of which a time of day is cut off */
};

struct field {
    const char *name;
    size_t offset; /* of the path in struct config_source */
    enum field_kind kind;
};

#define FIELD(name, kind)                                                                                              \
    {                                                                                                                  \
#name, offsetof(struct config_source, fields.name), kind                                                       \
    }

static const struct field FIELDS[] = {
    FIELD(operation_key, FIELD_TEXT),
    FIELD(service_id, FIELD_TEXT),
    FIELD(order_id, FIELD_TEXT),
    FIELD(invoice_id, FIELD_TEXT),
    FIELD(invoice_item_id, FIELD_TEXT),
    FIELD(product_code, FIELD_TEXT),
    FIELD(new_product_code, FIELD_TEXT),
    FIELD(ip, FIELD_TEXT),
    FIELD(new_ip, FIELD_TEXT),
    FIELD(billing_months, FIELD_NUMBER),
    FIELD(period_end, FIELD_DATE),
    FIELD(license_key, FIELD_TEXT),
    FIELD(customer_email, FIELD_TEXT),
    FIELD(domain, FIELD_TEXT),
    FIELD(hwid, FIELD_TEXT),
    FIELD(verification_type, FIELD_TEXT),
    FIELD(sequence, FIELD_NUMBER),
    FIELD(reason, FIELD_TEXT),
};

/* What every step needs. */
struct mapping {
    const struct panel_input *input;
    struct arena *arena;
    struct problem *problem;
    const json_t *root; /* the panel's payload */
    json_t *data;       /* what was found in it, as canonical.c reads it */
};

static bool refuse(struct problem *problem, int status, const char *field, const char *text)
{
    *problem = (struct problem){status, field, text};
    return false;
}

/* A string or an integer as text; NULL: neither. */
static const char *scalar_text(const json_t *value, struct arena *arena)
{
    if (json_is_string(value))
        return arena_strdup(arena, json_string_value(value));
    return json_is_integer(value) ? arena_printf(arena, "%" JSON_INTEGER_FORMAT, json_integer_value(value)) : NULL;
}

/* The element of a list whose member is the text, "member=text". */
static const json_t *element_find(const json_t *list, const char *part, struct arena *arena)
{
    const char *equals = strchr(part, '=');
    size_t i;
    const json_t *element;

    json_array_foreach(list, i, element)
    {
        const json_t *member = json_object_getn(element, part, (size_t)(equals - part));
        const char *text = scalar_text(member, arena);
        if (text != NULL && strcmp(text, equals + 1) == 0)
            return element;
    }
    return NULL;
}

static const json_t *part_step(const json_t *at, const char *part, struct arena *arena)
{
    int64_t index;

    if (json_is_object(at))
        return json_object_get(at, part);
    if (json_is_array(at) && strchr(part, '=') != NULL)
        return element_find(at, part, arena);
    if (json_is_array(at) && part[0] != '-' && text_parse_int(part, 0, INT32_MAX, &index))
        return json_array_get(at, (size_t)index);
    return NULL;
}

/* One path without alternatives, of which blanks around it are no part. */
static const json_t *path_follow(const json_t *root, const char *path, size_t len, struct arena *arena)
{
    const json_t *at = root;

    while (len > 0 && *path == ' ')
        path++, len--;
    while (len > 0 && path[len - 1] == ' ')
        len--;
    while (at != NULL) {
        const char *dot = memchr(path, '.', len);
        size_t part = dot != NULL ? (size_t)(dot - path) : len;
        at = part_step(at, arena_strndup(arena, path, part), arena);
        if (dot == NULL)
            break;
        path += part + 1;
        len -= part + 1;
    }
    return at;
}

/* The first alternative that finds something: null and "" are nothing. */
static const json_t *path_find(const json_t *root, const char *paths, struct arena *arena)
{
    for (;;) {
        size_t len = strcspn(paths, "|");
        const json_t *found = path_follow(root, paths, len, arena);
        bool empty = found == NULL || json_is_null(found) || (json_is_string(found) && json_string_length(found) == 0);
        if (!empty)
            return found;
        if (paths[len] == '\0')
            return NULL;
        paths += len + 1;
    }
}

static json_t *field_json(const struct field *field, const char *text, struct arena *arena)
{
    int64_t number;

    if (field->kind == FIELD_NUMBER && text_parse_int(text, 0, INT64_MAX, &number))
        return json_integer(number);
    if (field->kind == FIELD_DATE && strlen(text) > DATE_LEN && strchr(" T", text[DATE_LEN]) != NULL)
        return json_string(arena_strndup(arena, text, DATE_LEN));
    return json_string(text);
}

static bool field_map(struct mapping *mapping, const struct field *field)
{
    const char *path;
    const char *text;

    memcpy(&path, (const char *)mapping->input->source + field->offset, sizeof path);
    if (path == NULL)
        return true;
    if (path[0] == '=') {
        text = path + 1;
    } else {
        const json_t *found = path_find(mapping->root, path, mapping->arena);
        if (found == NULL)
            return true;
        text = scalar_text(found, mapping->arena);
        if (text == NULL) {
            const char *name = arena_printf(mapping->arena, "data.%s", field->name);
            return refuse(mapping->problem, 422, name,
                          arena_printf(mapping->arena,
                                       "%s is neither text nor a whole number where the source's "
                                       "fields find it",
                                       name));
        }
    }
    json_object_set_new(mapping->data, field->name, field_json(field, text, mapping->arena));
    return true;
}

static bool fields_map(struct mapping *mapping)
{
    for (size_t i = 0; i < sizeof FIELDS / sizeof FIELDS[0]; i++)
        if (!field_map(mapping, &FIELDS[i]))
            return false;
    return true;
}

static bool type_is_bought(enum order_type type)
{
    return order_type_paid(type, PROVIDER_724LICENSE);
}

/* Paid work goes by its invoice, at whichever provider. */
static bool key_make(const struct mapping *mapping, struct panel_event *event)
{
    struct order_request *request = &event->request;

    if (event->kind != PANEL_ORDER || !type_is_bought(request->type))
        return true;
    if (request->invoice_id == NULL)
        return refuse(mapping->problem, 422, "data.invoice_id",
                      "data.invoice_id is required: the source's fields find no invoice, and paid work goes by it");
    if (request->operation_key == NULL)
        request->operation_key =
            arena_printf(mapping->arena, "%s:%s:%s", order_type_word(request->type),
                         request->service_id != NULL ? request->service_id : "", request->invoice_id);
    return true;
}

static const char *event_type(const struct config_source *source, const char *code)
{
    for (size_t i = 0; i < source->event_count; i++)
        if (strcmp(source->events[i].code, code) == 0)
            return source->events[i].type;
    return NULL;
}

/* The order in the payload, by the source's fields; code is the panel's word for
 * what happened. */
static bool order_map(struct mapping *mapping, const char *code, struct panel_event *event)
{
    const char *type = event_type(mapping->input->source, code);

    *event = (struct panel_event){.kind = PANEL_IGNORED, .type = code};
    if (type == NULL)
        return true;
    json_t *root = json_pack("{s:s, s:{}}", "type", type, "data");
    mapping->data = json_object_get(root, "data");
    bool good = fields_map(mapping) &&
                canonical_fill(root, mapping->input->source, mapping->arena, event, mapping->problem) &&
                key_make(mapping, event);
    json_decref(root);
    event->type = code;
    return good;
}

static bool upmind_map(struct mapping *mapping, struct panel_event *event)
{
    const json_t *code = json_object_get(mapping->root, "hook_code");
    const json_t *id = json_object_get(mapping->root, "webhook_event_id");

    if (!json_is_object(mapping->root))
        return refuse(mapping->problem, 400, NULL, "the body must be a JSON object");
    if (!json_is_string(code))
        return refuse(mapping->problem, 422, "hook_code", "hook_code is required: the event's name");
    if (!json_is_string(id))
        return refuse(mapping->problem, 422, "webhook_event_id", "webhook_event_id is required: the delivery's name");
    const char *name = arena_strdup(mapping->arena, json_string_value(id));
    if (!order_map(mapping, arena_strdup(mapping->arena, json_string_value(code)), event))
        return false;
    event->delivery_id = name;
    return true;
}

bool upmind_read(const struct panel_input *input, struct arena *arena, struct panel_event *event,
                 struct problem *problem)
{
    json_t *root = body_parse(input->body, input->len, arena, problem);
    struct mapping mapping = {.input = input, .arena = arena, .problem = problem, .root = root};

    *event = (struct panel_event){0};
    bool good = root != NULL && upmind_map(&mapping, event);
    json_decref(root);
    return good;
}

/* The digest of what the mapping found: two tellings of one thing. */
static void mapped_digest(const struct panel_input *input, const struct panel_event *event,
                          unsigned char digest[DIGEST_SIZE])
{
    const struct order_request *r = &event->request;
    const char *const texts[] = {
        event->type,       r->operation_key,    r->service_id, r->panel_order_id, r->invoice_id, r->invoice_item_id,
        r->product_code,   r->new_product_code, r->ip,         r->new_ip,         r->period_end, r->license_key,
        r->customer_email, r->domain,           r->hwid,       r->cause};
    struct text all;

    text_init(&all, MAPPED_MAX);
    text_addf(&all, "%d %d %" PRId64 " %" PRId64, r->billing_months, (int)r->verification,
              r->has_sequence ? r->sequence : -1, type_is_bought(r->type) ? 0 : input->now_s / MAPPED_ONCE_S);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) { /* lengths keep "ab", "c" and "a", "bc" apart */
        const char *text = texts[i] != NULL ? texts[i] : "";
        text_addf(&all, " %zu:", strlen(text));
        text_adds(&all, text);
    }
    digest_sha256(text_str(&all), all.len, digest);
    text_clear(&all);
}

bool blesta_read(const struct panel_input *input, struct arena *arena, struct panel_event *event,
                 struct problem *problem)
{
    json_t *root = NULL;

    *event = (struct panel_event){0};
    if (input->event == NULL || *input->event == '\0')
        return refuse(problem, 400, "x-blesta-event", "the header X-Blesta-Event is missing");
    root = body_parse(input->body, input->len, arena, problem);
    if (root == NULL)
        return false;
    struct mapping mapping = {.input = input, .arena = arena, .problem = problem, .root = root};
    bool good = order_map(&mapping, arena_strdup(arena, input->event), event);
    json_decref(root);
    if (!good || event->kind != PANEL_ORDER)
        return good;
    mapped_digest(input, event, event->digest);
    event->has_digest = true;
    event->delivery_id = signed_delivery_id(event->digest, arena);
    return true;
}
