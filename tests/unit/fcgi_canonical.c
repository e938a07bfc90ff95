/* SPDX-License-Identifier: Apache-2.0 */
/* Unit test of fcgi/panels/canonical: what is read, and what is refused with
 * which status and field. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "fcgi/panels/panel.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const char *const IGNORED[] = {"invoice.created", "license.verify"};
static const struct config_source SOURCE = {
    .name = "demo", .format = "canonical", .ignore = IGNORED, .ignore_count = 2};

static bool read_body(struct arena *arena, const char *body, size_t len, struct panel_event *event,
                      struct problem *problem)
{
    const struct panel *panel = panel_find("canonical");
    assert_non_null(panel);
    *problem = (struct problem){0};
    struct panel_input input = {.body = body, .len = len, .source = &SOURCE};
    return panel->read(&input, arena, event, problem);
}

#define CREATE(data) "{\"type\":\"license.create\",\"data\":{" data "}}"

static void whole_event_is_read(void **state)
{
    static const char body[] =
        "{\"type\":\"license.create\",\"timestamp\":\"2026-11-21T18:00:00Z\",\"schema\":1,\"data\":{"
        "\"operation_key\":\"8123:create:1\",\"service_id\":\"8123\",\"order_id\":5511,\"invoice_id\":\"9901\","
        "\"invoice_item_id\":20417,\"product_code\":\"cpanel\",\"new_product_code\":null,\"ip\":\"203.0.113.10\","
        "\"new_ip\":null,\"billing_months\":12,\"period_end\":\"2026-12-21\",\"license_key\":\"K\","
        "\"customer_email\":\"a@b.example\",\"domain\":\"d.example\",\"hwid\":\"h\",\"verification_type\":\"all\","
        "\"sequence\":17,\"reason\":\"invoice_paid\",\"max_credits\":\"4.5\",\"dry_run\":true,"
        "\"metadata\":{\"machine_name\":\"m\",\"os_info\":\"o\",\"more\":[1.5]},\"unknown\":{\"x\":1e5}}}";
    struct arena arena;
    struct panel_event event;
    struct problem problem;
    (void)state;

    arena_init(&arena);
    assert_true(read_body(&arena, body, strlen(body), &event, &problem));
    const struct order_request *request = &event.request;
    assert_int_equal(event.kind, PANEL_ORDER);
    assert_string_equal(event.type, "license.create");
    assert_int_equal(request->type, ORDER_CREATE);
    assert_string_equal(request->operation_key, "8123:create:1");
    assert_string_equal(request->service_id, "8123");
    assert_string_equal(request->panel_order_id, "5511");
    assert_string_equal(request->invoice_id, "9901");
    assert_string_equal(request->invoice_item_id, "20417");
    assert_string_equal(request->product_code, "cpanel");
    assert_null(request->new_product_code);
    assert_string_equal(request->ip, "203.0.113.10");
    assert_null(request->new_ip);
    assert_int_equal(request->billing_months, 12);
    assert_string_equal(request->period_end, "2026-12-21");
    assert_string_equal(request->license_key, "K");
    assert_string_equal(request->customer_email, "a@b.example");
    assert_string_equal(request->domain, "d.example");
    assert_string_equal(request->hwid, "h");
    assert_int_equal(request->verification, VERIFICATION_ALL);
    assert_true(request->has_sequence);
    assert_int_equal(request->sequence, 17);
    assert_string_equal(request->cause, "invoice_paid");
    assert_true(request->has_max_credits);
    assert_int_equal(request->max_credits, 4500000);
    assert_true(request->dry_run);
    assert_string_equal(request->machine_name, "m");
    assert_string_equal(request->os_info, "o");
    assert_int_equal(request->event_ms, INT64_C(1795284000000));
    arena_clear(&arena);
}

/* status 0: good, as `kind`. */
static const struct row {
    const char *body;
    int status;
    const char *field; /* NULL: none */
    enum panel_kind kind;
} ROWS[] = {
    {"{\"type\":\"test.ping\"}", 0, NULL, PANEL_PING},
    {"{\"type\":\"test.ping\",\"data\":7,\"schema\":9}", 0, NULL, PANEL_PING},
    {"{\"type\":\"invoice.created\"}", 0, NULL, PANEL_IGNORED},
    {"{\"type\":\"license.verify\",\"data\":[]}", 0, NULL, PANEL_IGNORED},
    {CREATE(""), 0, NULL, PANEL_ORDER},
    {CREATE("\"metadata\":[]"), 0, NULL, PANEL_ORDER},
    {CREATE("\"metadata\":null,\"dry_run\":null,\"sequence\":null,\"billing_months\":null"), 0, NULL, PANEL_ORDER},
    {CREATE("\"max_credits\":4,\"sequence\":0"), 0, NULL, PANEL_ORDER},
    {"{\"type\":\"license.create\",\"schema\":null,\"timestamp\":null,\"data\":{}}", 0, NULL, PANEL_ORDER},
    /* Not JSON, or not the JSON we accept: 400. */
    {"", 400, NULL, 0},
    {"{", 400, NULL, 0},
    {"nonsense", 400, NULL, 0},
    {"[]", 400, NULL, 0},
    {"\"text\"", 400, NULL, 0},
    {"{\"type\":\"test.ping\"} x", 400, NULL, 0},
    {"{\"type\":\"test.ping\"}{}", 400, NULL, 0},
    {"{\"type\":\"test.ping\",}", 400, NULL, 0},
    {"{'type':'test.ping'}", 400, NULL, 0},
    {"\xef\xbb\xbf{\"type\":\"test.ping\"}", 400, NULL, 0},
    {"{\"type\":\"test.ping\",\"type\":\"test.ping\"}", 400, NULL, 0},
    {"{\"type\":\"test.ping\",\"t\\u0079pe\":\"license.create\"}", 400, NULL, 0},
    {CREATE("\"ip\":\"1.2.3.4\",\"\\u0069p\":\"5.6.7.8\""), 400, NULL, 0},
    {CREATE("\"x\":{\"a\":1,\"a\":2}"), 400, NULL, 0},
    {CREATE("\"service_id\":\"a\\u0000b\""), 400, NULL, 0},
    {CREATE("\"a\\u0000b\":1"), 400, NULL, 0},
    {CREATE("\"service_id\":\"\xff\""), 400, NULL, 0},
    {CREATE("\"service_id\":\"\xc0\x80\""), 400, NULL, 0},
    {CREATE("\"service_id\":\"\xed\xa0\x80\""), 400, NULL, 0},
    {CREATE("\"service_id\":\"\\ud800\""), 400, NULL, 0},
    {CREATE("\"billing_months\":1e999"), 400, NULL, 0},
    {CREATE("\"billing_months\":99999999999999999999"), 400, NULL, 0},
    {CREATE("\"sequence\":9223372036854775808"), 400, NULL, 0},
    {CREATE("\"billing_months\":NaN"), 400, NULL, 0},
    {CREATE("\"billing_months\":01"), 400, NULL, 0},
    {CREATE("\"billing_months\":0x1"), 400, NULL, 0},
    {"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", 400, NULL, 0},
    /* The frame: 422. */
    {"{}", 422, "type", 0},
    {"{\"type\":null}", 422, "type", 0},
    {"{\"type\":7}", 422, "type", 0},
    {"{\"type\":\"license.explode\"}", 422, "type", 0},
    {"{\"type\":\"license.create \",\"data\":{}}", 422, "type", 0},
    {"{\"type\":\"LICENSE.CREATE\",\"data\":{}}", 422, "type", 0},
    {"{\"type\":\"license.create\"}", 422, "data", 0},
    {"{\"type\":\"license.create\",\"data\":null}", 422, "data", 0},
    {"{\"type\":\"license.create\",\"data\":[]}", 422, "data", 0},
    {"{\"type\":\"license.create\",\"data\":\"x\"}", 422, "data", 0},
    {"{\"type\":\"license.create\",\"schema\":2,\"data\":{}}", 422, "schema", 0},
    {"{\"type\":\"license.create\",\"schema\":1.0,\"data\":{}}", 422, "schema", 0},
    {"{\"type\":\"license.create\",\"schema\":\"1\",\"data\":{}}", 422, "schema", 0},
    {"{\"type\":\"license.create\",\"timestamp\":1795284000,\"data\":{}}", 422, "timestamp", 0},
    {"{\"type\":\"license.create\",\"timestamp\":\"yesterday\",\"data\":{}}", 422, "timestamp", 0},
    /* The fields: 422 with the field's name. */
    {CREATE("\"service_id\":1.5"), 422, "data.service_id", 0},
    {CREATE("\"service_id\":true"), 422, "data.service_id", 0},
    {CREATE("\"operation_key\":7"), 422, "data.operation_key", 0},
    {CREATE("\"ip\":3405803786"), 422, "data.ip", 0},
    {CREATE("\"ip\":[\"203.0.113.10\"]"), 422, "data.ip", 0},
    {CREATE("\"billing_months\":0"), 422, "data.billing_months", 0},
    {CREATE("\"billing_months\":-1"), 422, "data.billing_months", 0},
    {CREATE("\"billing_months\":2147483648"), 422, "data.billing_months", 0},
    {CREATE("\"billing_months\":4294967297"), 422, "data.billing_months", 0},
    {CREATE("\"billing_months\":121"), 422, "data.billing_months", 0},
    {CREATE("\"billing_months\":1.0"), 422, "data.billing_months", 0},
    {CREATE("\"billing_months\":1e0"), 422, "data.billing_months", 0},
    {CREATE("\"billing_months\":\"1\""), 422, "data.billing_months", 0},
    {CREATE("\"billing_months\":true"), 422, "data.billing_months", 0},
    {CREATE("\"sequence\":-1"), 422, "data.sequence", 0},
    {CREATE("\"sequence\":1.0"), 422, "data.sequence", 0},
    {CREATE("\"sequence\":\"1\""), 422, "data.sequence", 0},
    {CREATE("\"max_credits\":4.5"), 422, "data.max_credits", 0},
    {CREATE("\"max_credits\":-1"), 422, "data.max_credits", 0},
    {CREATE("\"max_credits\":\"4,5\""), 422, "data.max_credits", 0},
    {CREATE("\"max_credits\":\"1e3\""), 422, "data.max_credits", 0},
    {CREATE("\"max_credits\":\"-0.1\""), 422, "data.max_credits", 0},
    {CREATE("\"max_credits\":true"), 422, "data.max_credits", 0},
    {CREATE("\"dry_run\":\"true\""), 422, "data.dry_run", 0},
    {CREATE("\"dry_run\":1"), 422, "data.dry_run", 0},
    {CREATE("\"verification_type\":\"email\""), 422, "data.verification_type", 0},
    {CREATE("\"verification_type\":1"), 422, "data.verification_type", 0},
    {CREATE("\"metadata\":[1]"), 422, "data.metadata", 0},
    {CREATE("\"metadata\":\"x\""), 422, "data.metadata", 0},
    {CREATE("\"metadata\":{\"os_info\":7}"), 422, "data.metadata.os_info", 0},
};

static void bodies_are_judged(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct arena arena;
        struct panel_event event;
        struct problem problem;

        arena_init(&arena);
        bool good = read_body(&arena, ROWS[i].body, strlen(ROWS[i].body), &event, &problem);
        if (problem.status != ROWS[i].status || good != (ROWS[i].status == 0) ||
            !text_same(problem.field, ROWS[i].field) || (good && event.kind != ROWS[i].kind))
            fail_msg("%s: status %d field %s: %s", ROWS[i].body, problem.status,
                     problem.field != NULL ? problem.field : "-", problem.text != NULL ? problem.text : "-");
        arena_clear(&arena);
    }
}

static void depth_has_a_limit(void **state)
{
    static const struct {
        int depth;
        bool good;
    } rows[] = {{1, true}, {15, true}, {16, true}, {17, false}, {5000, false}};
    (void)state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena arena;
        struct panel_event event;
        struct problem problem;
        struct text body;

        /* {"type":"test.ping","x":[[…"]]"…]]}: brackets in a string don't count. */
        text_init(&body, 65536);
        text_adds(&body, "{\"type\":\"test.ping\",\"y\":\"[[[[[[[[[[[[[[[[[[[[\\\"[\",\"x\":");
        for (int d = 1; d < rows[i].depth; d++)
            text_adds(&body, "[");
        text_adds(&body, "1");
        for (int d = 1; d < rows[i].depth; d++)
            text_adds(&body, "]");
        text_adds(&body, "}");
        arena_init(&arena);
        assert_int_equal(read_body(&arena, text_str(&body), body.len, &event, &problem), rows[i].good);
        assert_int_equal(problem.status, rows[i].good ? 0 : 400);
        arena_clear(&arena);
        text_clear(&body);
    }
}

static void bodies_are_not_quoted(void **state)
{
    static const char body[] = "{\"type\": hunter2secret}";
    struct arena arena;
    struct panel_event event;
    struct problem problem;
    (void)state;

    arena_init(&arena);
    assert_false(read_body(&arena, body, strlen(body), &event, &problem));
    assert_null(strstr(problem.text, "hunter2"));
    arena_clear(&arena);
}

static void nul_bytes_are_refused(void **state)
{
    static const char body[] = "{\"type\":\"test.ping\"}\0{}";
    struct arena arena;
    struct panel_event event;
    struct problem problem;
    (void)state;

    arena_init(&arena);
    assert_false(read_body(&arena, body, sizeof body - 1, &event, &problem));
    assert_int_equal(problem.status, 400);
    assert_null(panel_find("xml"));
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_event_is_read),   cmocka_unit_test(bodies_are_judged),
        cmocka_unit_test(depth_has_a_limit),     cmocka_unit_test(bodies_are_not_quoted),
        cmocka_unit_test(nul_bytes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
