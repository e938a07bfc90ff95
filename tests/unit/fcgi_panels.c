/* SPDX-License-Identifier: Apache-2.0 */
/* Unit test of the adapters in fcgi/panels: examples of what panels send
 * (tests/flow/payloads, which says where each comes from) and what they become. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fcgi/auth.h"
#include "fcgi/panels/mapped.h"
#include "fcgi/panels/panel.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define NOW         INT64_C(1795284005)

static const struct config_event UPMIND_EVENTS[] = {
    {"contract_product_activated_hook", "license.create"},
    {"contract_product_renewed_hook", "license.renew"},
    {"contract_product_suspended_hook", "license.suspend"},
    {"event_of_nobody", "license.nothing"},
};
static const struct config_source UPMIND = {
    .name = "shop",
    .format = "upmind",
    .events = UPMIND_EVENTS,
    .event_count = COUNT(UPMIND_EVENTS),
    .fields =
        {
            .service_id = "object.id",
            .product_code = "object.product_id",
            .invoice_id = "object.invoice_id | object.last_invoice.id",
            .invoice_item_id = "object.last_invoice.items.0.id",
            .ip = "object.custom_field_values.code=server_ip.value",
            .domain = "object.custom_field_values.code=server_name.value",
            .billing_months = "object.billing_cycle_months",
            .period_end = "object.next_due_date",
            .reason = "hook_code",
        },
};

static const struct config_event BLESTA_EVENTS[] = {
    {"Services.add", "license.create"},
    {"Services.suspend", "license.suspend"},
};
static const struct config_source BLESTA = {
    .name = "old",
    .format = "blesta",
    .events = BLESTA_EVENTS,
    .event_count = COUNT(BLESTA_EVENTS),
    .fields =
        {
            .service_id = "service_id",
            .product_code = "=cpanel",
            .invoice_id = "vars.invoice_id",
            .ip = "vars.fields.key=license_ip.value",
            .billing_months = "vars.months|=1",
            .period_end = "vars.date_renews",
        },
};

struct reading {
    struct arena arena;
    struct panel_event event;
    struct problem problem;
};

static bool read_text(struct reading *reading, const struct config_source *source, const char *event, int64_t now_s,
                      const char *body)
{
    struct panel_input input = {.body = body, .len = strlen(body), .source = source, .event = event, .now_s = now_s};
    const struct panel *panel = panel_find(source->format);

    assert_non_null(panel);
    memset(reading, 0, sizeof *reading);
    arena_init(&reading->arena);
    return panel->read(&input, &reading->arena, &reading->event, &reading->problem);
}

/* The example, with `from` replaced by `to` (NULL: nothing). */
static char *example(struct arena *arena, const char *name, const char *from, const char *to)
{
    char path[128];
    char *text = arena_alloc(arena, 65536);

    snprintf(path, sizeof path, "tests/flow/payloads/%s.json", name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, 65535, file)] = '\0';
    fclose(file);
    if (from == NULL)
        return text;
    char *at = strstr(text, from);
    assert_non_null(at);
    *at = '\0';
    return arena_printf(arena, "%s%s%s", text, to, at + strlen(from));
}

static void upmind_payload_becomes_an_order(void **state)
{
    struct reading reading;
    struct arena arena;
    (void)state;

    arena_init(&arena);
    assert_true(read_text(&reading, &UPMIND, NULL, NOW, example(&arena, "upmind-activated", NULL, NULL)));
    const struct order_request *request = &reading.event.request;
    assert_int_equal(reading.event.kind, PANEL_ORDER);
    assert_string_equal(reading.event.type, "contract_product_activated_hook");
    assert_string_equal(reading.event.delivery_id, "11111111-d5e9-0313-95a5-124867794de5");
    assert_false(reading.event.has_digest);
    assert_int_equal(request->type, ORDER_CREATE);
    assert_string_equal(request->service_id, "64d82359-7e90-4d1f-8a15-0e1836782d5e");
    assert_string_equal(request->product_code, "cpanel");
    assert_string_equal(request->invoice_id, "9e3d8f60-0d24-4d5e-8c8d-2f3a1b7c9d10");
    assert_string_equal(request->invoice_item_id, "20417");
    assert_string_equal(request->ip, "198.51.100.77");
    assert_string_equal(request->domain, "web1.example");
    assert_int_equal(request->billing_months, 1);
    assert_string_equal(request->period_end, "2026-12-21");
    assert_string_equal(request->cause, "contract_product_activated_hook");
    assert_string_equal(request->operation_key, "license.create:64d82359-7e90-4d1f-8a15-0e1836782d5e:"
                                                "9e3d8f60-0d24-4d5e-8c8d-2f3a1b7c9d10");
    arena_clear(&reading.arena);
    arena_clear(&arena);
}

static void blesta_payload_becomes_an_order(void **state)
{
    struct reading reading;
    struct arena arena;
    (void)state;

    arena_init(&arena);
    assert_true(read_text(&reading, &BLESTA, "Services.add", NOW, example(&arena, "blesta-services-add", NULL, NULL)));
    const struct order_request *request = &reading.event.request;
    assert_int_equal(request->type, ORDER_CREATE);
    assert_string_equal(request->service_id, "412");
    assert_string_equal(request->product_code, "cpanel");
    assert_string_equal(request->ip, "198.51.100.88");
    assert_int_equal(request->billing_months, 1);
    assert_string_equal(request->period_end, "2026-12-21");
    assert_string_equal(request->operation_key, "license.create:412:2209");
    assert_true(reading.event.has_digest);
    assert_true(auth_id_ok(reading.event.delivery_id));
    assert_non_null(strstr(reading.event.delivery_id, "sha256-"));
    arena_clear(&reading.arena);
    arena_clear(&arena);
}

/* status 0: good, as `kind`. */
static const struct row {
    const struct config_source *source;
    const char *event;
    const char *payload;
    const char *from, *to; /* what is changed in it */
    int status;
    const char *field;
    enum panel_kind kind;
} ROWS[] = {
    {&UPMIND, NULL, "upmind-user-created", NULL, NULL, 0, NULL, PANEL_IGNORED},
    {&UPMIND, NULL, "upmind-activated", "contract_product_activated_hook", "some_hook", 0, NULL, PANEL_IGNORED},
    {&UPMIND, NULL, "upmind-renewed", NULL, NULL, 0, NULL, PANEL_ORDER},
    {&UPMIND, NULL, "upmind-suspended", NULL, NULL, 0, NULL, PANEL_ORDER},
    {&UPMIND, NULL, "upmind-suspended", "\"last_invoice\"", "\"other\"", 0, NULL, PANEL_ORDER},
    {&UPMIND, NULL, "upmind-renewed", "\"last_invoice\"", "\"other\"", 422, "data.invoice_id", 0},
    {&UPMIND, NULL, "upmind-renewed", "\"0b6f6f0e-6a2b-4f0c-9a53-5d1e2f3a4b5c\"", "\"\"", 422, "data.invoice_id", 0},
    {&UPMIND, NULL, "upmind-renewed", "\"0b6f6f0e-6a2b-4f0c-9a53-5d1e2f3a4b5c\"", "null", 422, "data.invoice_id", 0},
    {&UPMIND, NULL, "upmind-renewed", "\"billing_cycle_months\": 1", "\"billing_cycle_months\": \"12\"", 0, NULL,
     PANEL_ORDER},
    {&UPMIND, NULL, "upmind-renewed", "\"billing_cycle_months\": 1", "\"billing_cycle_months\": 1.5", 422,
     "data.billing_months", 0},
    {&UPMIND, NULL, "upmind-renewed", "\"billing_cycle_months\": 1", "\"billing_cycle_months\": \"one\"", 422,
     "data.billing_months", 0},
    {&UPMIND, NULL, "upmind-renewed", "\"product_id\": \"cpanel\"", "\"product_id\": true", 422, "data.product_code",
     0},
    {&UPMIND, NULL, "upmind-renewed", "\"product_id\": \"cpanel\"", "\"product_id\": {}", 422, "data.product_code", 0},
    {&UPMIND, NULL, "upmind-renewed", "\"server_ip\"", "\"server_op\"", 0, NULL, PANEL_ORDER}, /* request_check's */
    {&UPMIND, NULL, "upmind-renewed", "contract_product_renewed_hook", "event_of_nobody", 422, "type", 0},
    {&UPMIND, NULL, "upmind-renewed", "\"webhook_event_id\"", "\"event\"", 422, "webhook_event_id", 0},
    {&UPMIND, NULL, "upmind-renewed", "\"22222222-d5e9-0313-95a5-124867794de5\"", "7", 422, "webhook_event_id", 0},
    {&UPMIND, NULL, "upmind-renewed", "\"hook_code\"", "\"hook\"", 422, "hook_code", 0},
    {&UPMIND, NULL, "upmind-renewed", "\"object\"", "\"version\"", 400, NULL, 0}, /* a name twice */
    {&UPMIND, NULL, "upmind-renewed", "\"V1\"", "\"\\u0000\"", 400, NULL, 0},
    {&UPMIND, NULL, "upmind-renewed", "\"V1\"", "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]", 400, NULL, 0},
    {&BLESTA, "Services.suspend", "blesta-services-suspend", NULL, NULL, 0, NULL, PANEL_ORDER},
    {&BLESTA, "Invoices.setClosed", "blesta-services-suspend", NULL, NULL, 0, NULL, PANEL_IGNORED},
    {&BLESTA, "services.suspend", "blesta-services-suspend", NULL, NULL, 0, NULL, PANEL_IGNORED},
    {&BLESTA, "Services.add", "blesta-services-suspend", NULL, NULL, 422, "data.invoice_id", 0},
    {&BLESTA, "Services.add", "blesta-services-add", "\"months\"", "\"no\"", 0, NULL, PANEL_ORDER},
    {&BLESTA, NULL, "blesta-services-suspend", NULL, NULL, 400, "x-blesta-event", 0},
    {&BLESTA, "", "blesta-services-suspend", NULL, NULL, 400, "x-blesta-event", 0},
    {&BLESTA, "Services.suspend", "blesta-services-suspend", "{", "", 400, NULL, 0},
};

static void examples_are_read_or_refused(void **state)
{
    struct arena arena;
    (void)state;

    arena_init(&arena);
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        const struct row *row = &ROWS[i];
        struct reading reading;
        print_message("  %s %s\n", row->payload, row->to != NULL ? row->to : "");
        bool good =
            read_text(&reading, row->source, row->event, NOW, example(&arena, row->payload, row->from, row->to));
        assert_int_equal(good, row->status == 0);
        if (good) {
            assert_int_equal(reading.event.kind, row->kind);
        } else {
            assert_int_equal(reading.problem.status, row->status);
            assert_true(row->field == NULL ? reading.problem.field == NULL
                                           : strcmp(reading.problem.field, row->field) == 0);
            assert_non_null(reading.problem.text);
        }
        arena_clear(&reading.arena);
    }
    arena_clear(&arena);
}

/* Blesta gives its deliveries no names: what they ask for does. */
static void blesta_names(struct arena *arena, const char *event, const char *from, const char *to, int64_t now_s,
                         char name[128])
{
    struct reading reading;
    const char *payload = strcmp(event, "Services.add") == 0 ? "blesta-services-add" : "blesta-services-suspend";

    assert_true(read_text(&reading, &BLESTA, event, now_s, example(arena, payload, from, to)));
    snprintf(name, 128, "%s", reading.event.delivery_id);
    arena_clear(&reading.arena);
}

static void blesta_deliveries_are_named_by_what_they_ask(void **state)
{
    struct arena arena;
    char a[128];
    char b[128];
    (void)state;

    arena_init(&arena);
    blesta_names(&arena, "Services.add", NULL, NULL, NOW, a);
    blesta_names(&arena, "Services.add", "\"status\": \"active\"", "\"status\": \"other\"", NOW + 86400, b);
    assert_string_equal(a, b); /* what is not mapped does not count, nor does time where money is meant */
    blesta_names(&arena, "Services.add", "\"2209\"", "\"2210\"", NOW, b);
    assert_string_not_equal(a, b);
    blesta_names(&arena, "Services.suspend", NULL, NULL, NOW, a);
    assert_string_not_equal(a, b);
    blesta_names(&arena, "Services.suspend", NULL, NULL, NOW + 1, b);
    assert_string_equal(a, b); /* told twice at once */
    blesta_names(&arena, "Services.suspend", NULL, NULL, NOW + MAPPED_ONCE_S, b);
    assert_string_not_equal(a, b); /* suspended again later */
    arena_clear(&arena);
}

/* Every field that can be mapped, with two values of it. */
static const struct {
    const char *name, *one, *other;
} FIELD_VALUES[] = {
    {"operation_key", "\"k1\"", "\"k2\""},
    {"service_id", "\"8123\"", "\"8124\""},
    {"order_id", "\"5511\"", "\"5512\""},
    {"invoice_id", "\"9901\"", "\"9902\""},
    {"invoice_item_id", "\"20417\"", "\"20418\""},
    {"product_code", "\"cpanel\"", "\"litespeed\""},
    {"new_product_code", "\"a\"", "\"b\""},
    {"ip", "\"198.51.100.1\"", "\"198.51.100.2\""},
    {"new_ip", "\"198.51.100.3\"", "\"198.51.100.4\""},
    {"billing_months", "1", "12"},
    {"period_end", "\"2026-12-21\"", "\"2027-01-21\""},
    {"license_key", "\"XXXX\"", "\"YYYY\""},
    {"customer_email", "\"a@example.com\"", "\"b@example.com\""},
    {"domain", "\"a.example\"", "\"b.example\""},
    {"hwid", "\"h1\"", "\"h2\""},
    {"verification_type", "\"hwid\"", "\"domain\""},
    {"sequence", "17", "18"},
    {"reason", "\"r1\"", "\"r2\""},
};

/* The name of a delivery with all fields, the one called `changed` with its other value. */
static void mapped_name(const char *event, const char *changed, char name[128])
{
    static const struct config_event events[] = {{"Services.suspend", "license.suspend"},
                                                 {"Services.unsuspend", "license.unsuspend"}};
    static const struct config_source source = {
        .name = "every",
        .format = "blesta",
        .events = events,
        .event_count = COUNT(events),
        .fields = {"operation_key", "service_id", "order_id", "invoice_id", "invoice_item_id", "product_code",
                   "new_product_code", "ip", "new_ip", "billing_months", "period_end", "license_key", "customer_email",
                   "domain", "hwid", "verification_type", "sequence", "reason"},
    };
    struct reading reading;
    struct arena arena;
    const char *body = "{\"status\":\"active\"";

    arena_init(&arena);
    for (size_t i = 0; i < COUNT(FIELD_VALUES); i++) {
        bool same = strcmp(FIELD_VALUES[i].name, changed) != 0;
        body = arena_printf(&arena, "%s,\"%s\":%s", body, FIELD_VALUES[i].name,
                            same ? FIELD_VALUES[i].one : FIELD_VALUES[i].other);
    }
    assert_true(read_text(&reading, &source, event, NOW, arena_printf(&arena, "%s}", body)));
    snprintf(name, 128, "%s", reading.event.delivery_id);
    arena_clear(&reading.arena);
    arena_clear(&arena);
}

/* Two events that differ in anything that was mapped are two deliveries, however close together. */
static void everything_that_is_mapped_tells_deliveries_apart(void **state)
{
    char first[128];
    char other[128];
    (void)state;

    assert_int_equal(COUNT(FIELD_VALUES), sizeof(struct config_fields) / sizeof(const char *));
    mapped_name("Services.suspend", "", first);
    mapped_name("Services.suspend", "", other);
    assert_string_equal(first, other);
    mapped_name("Services.unsuspend", "", other);
    assert_string_not_equal(first, other);
    for (size_t i = 0; i < COUNT(FIELD_VALUES); i++) {
        mapped_name("Services.suspend", FIELD_VALUES[i].name, other);
        if (strcmp(first, other) == 0)
            fail_msg("%s", FIELD_VALUES[i].name);
    }
}

static void signed_bodies_name_themselves(void **state)
{
    static const struct config_source hub = {.name = "h", .format = "hub"};
    static const struct config_source stripe = {.name = "s", .format = "stripe"};
    static const char body[] = "{\"type\":\"license.suspend\",\"data\":{\"service_id\":1}}";
    struct reading reading;
    char first[128];
    (void)state;

    assert_true(read_text(&reading, &hub, NULL, NOW, body));
    assert_int_equal(reading.event.request.type, ORDER_SUSPEND);
    snprintf(first, sizeof first, "%s", reading.event.delivery_id);
    assert_true(auth_id_ok(first));
    arena_clear(&reading.arena);
    assert_true(read_text(&reading, &stripe, NULL, NOW + 999, body));
    assert_string_equal(reading.event.delivery_id, first);
    arena_clear(&reading.arena);
    assert_false(read_text(&reading, &stripe, NULL, NOW, "[]"));
    assert_int_equal(reading.problem.status, 400);
    arena_clear(&reading.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(upmind_payload_becomes_an_order),
        cmocka_unit_test(blesta_payload_becomes_an_order),
        cmocka_unit_test(examples_are_read_or_refused),
        cmocka_unit_test(blesta_deliveries_are_named_by_what_they_ask),
        cmocka_unit_test(everything_that_is_mapped_tells_deliveries_apart),
        cmocka_unit_test(signed_bodies_name_themselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
