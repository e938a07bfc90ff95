/* SPDX-License-Identifier: Apache-2.0 */
/* Unit test of ctl/event and ctl/output: examples are what DESIGN asks for, and
 * others' words cannot move a terminal's cursor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/event.h"
#include "ctl/output.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define HEAD(type)  "{\"type\":\"" type "\",\"timestamp\":\"2026-11-21T18:00:00Z\",\"schema\":1,\"data\":"
#define NOW_MS      INT64_C(1795284000000)
#define FIELDS_MAX  4

static const struct {
    const char *type;
    enum provider_kind provider;
    const char *product;
    const char *fields[FIELDS_MAX];
    const char *body; /* NULL: refused */
} EXAMPLES[] = {
    {"test.ping", PROVIDER_724LICENSE, NULL, {NULL}, HEAD("test.ping") "{}}"},
    {"license.create",
     PROVIDER_724LICENSE,
     "cpanel",
     {NULL},
     HEAD("license.create") "{\"product_code\":\"cpanel\",\"service_id\":\"example-1\",\"ip\":\"203.0.113.10\","
                            "\"billing_months\":1,\"operation_key\":\"example:msg_1\"}}"},
    {"license.suspend",
     PROVIDER_724LICENSE,
     "cpanel",
     {"ip=198.51.100.1", "service_id=9"},
     HEAD("license.suspend") "{\"product_code\":\"cpanel\",\"service_id\":\"9\",\"ip\":\"198.51.100.1\"}}"},
    {"license.suspend",
     PROVIDER_LISANSZONE,
     "lz",
     {NULL},
     HEAD("license.suspend") "{\"product_code\":\"lz\",\"service_id\":\"example-1\","
                             "\"license_key\":\"EXAMPLE-KEY\",\"customer_email\":\"customer@example.com\"}}"},
    {"order.failed",
     PROVIDER_724LICENSE,
     "cpanel",
     {"service_id=8"},
     HEAD("order.failed") "{\"order_id\":\"41\",\"source\":\"s\",\"service_id\":\"8\",\"operation_key\":"
                          "\"example-1:create:1\",\"type\":\"license.create\",\"state\":\"failed\","
                          "\"reason\":\"an example\",\"attempts\":1,\"credits\":null,"
                          "\"created_at\":\"2026-11-21T18:00:00Z\",\"updated_at\":\"2026-11-21T18:00:00Z\","
                          "\"next_try_at\":null,\"license\":{\"license_id\":\"12\",\"status\":\"pending\","
                          "\"product_code\":\"cpanel\",\"ip\":\"203.0.113.10\",\"license_key\":null,"
                          "\"upstream_license_id\":\"87021\",\"period_end\":\"2026-12-21\",\"expires_at\":null}}}"},
    {"balance.low",
     PROVIDER_724LICENSE,
     NULL,
     {NULL},
     HEAD("balance.low") "{\"account\":\"main\",\"provider\":\"724license\",\"balance\":\"17.5\",\"threshold\":\"20\"}"
                         "}"},
    {"order.queued", PROVIDER_724LICENSE, "cpanel", {NULL}, NULL},
    {"order.x", PROVIDER_724LICENSE, "cpanel", {NULL}, NULL},
    /* Not offered by the provider: still sent, the answer says so. */
    {"license.verify",
     PROVIDER_724LICENSE,
     "cpanel",
     {NULL},
     HEAD("license.verify") "{\"product_code\":\"cpanel\",\"service_id\":\"example-1\"}}"},
    {"license.suspend",
     PROVIDER_724LICENSE,
     "cpanel",
     {"service_id=", "sequence=17", "dry_run=true", "metadata.os_info=Debian"},
     HEAD("license.suspend") "{\"product_code\":\"cpanel\",\"ip\":\"203.0.113.10\",\"sequence\":17,"
                             "\"dry_run\":true,\"metadata\":{\"os_info\":\"Debian\"}}}"},
    {"license.suspend",
     PROVIDER_724LICENSE,
     "cpanel",
     {"billing_months=one", "service_id=", "ip="},
     HEAD("license.suspend") "{\"product_code\":\"cpanel\",\"billing_months\":\"one\"}}"},
    {"license.suspend", PROVIDER_724LICENSE, "cpanel", {"ip"}, NULL},
    {"license.suspend", PROVIDER_724LICENSE, "cpanel", {"=1"}, NULL},
    {"license.suspend", PROVIDER_724LICENSE, "cpanel", {"domain=\xff"}, NULL},
    {"license.buy", PROVIDER_724LICENSE, "cpanel", {NULL}, NULL},
    {"license.create", PROVIDER_724LICENSE, NULL, {NULL}, NULL},
};

static void examples_fit_type_and_provider(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(EXAMPLES); i++) {
        struct arena arena;
        const char *problem;
        struct event_spec spec = {.source = "s",
                                  .type = EXAMPLES[i].type,
                                  .provider = EXAMPLES[i].provider,
                                  .product_code = EXAMPLES[i].product,
                                  .id = "msg_1",
                                  .now_ms = NOW_MS,
                                  .fields = EXAMPLES[i].fields};
        while (spec.field_count < FIELDS_MAX && EXAMPLES[i].fields[spec.field_count] != NULL)
            spec.field_count++;
        arena_init(&arena);
        const char *body = event_build(&spec, &arena, &problem);
        if (EXAMPLES[i].body == NULL) {
            assert_null(body);
            assert_non_null(problem);
        } else {
            assert_non_null(body);
            assert_string_equal(body, EXAMPLES[i].body);
        }
        arena_clear(&arena);
    }
}

static char *printed(void (*print)(const struct table *table, bool json, FILE *out), const struct table *table,
                     bool json)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    print(table, json, out);
    fclose(out);
    return text;
}

static void tables_align_and_tame(void **state)
{
    static const struct column columns[] = {{"id", COLUMN_COUNT}, {"name", COLUMN_TEXT}, {"on", COLUMN_BOOL}};
    static const struct {
        void (*print)(const struct table *table, bool json, FILE *out);
        bool json;
        const char *text;
    } rows[] = {
        {table_print, false, "  id  name   on\n   7  \xC5\x9E?[1m  yes\n1234  ?-     no\n   -  -      -\n"},
        {table_print_record, false, "id    7\nname  \xC5\x9E?[1m\non    yes\n"},
        {table_print_record, true, "{\n  \"id\": 7,\n  \"name\": \"\xC5\x9E\\u001B[1m\",\n  \"on\": true\n}\n"},
        {table_print, true,
         "[\n  {\n    \"id\": 7,\n    \"name\": \"\xC5\x9E\\u001B[1m\",\n    \"on\": true\n  },\n"
         "  {\n    \"id\": 1234,\n    \"name\": \"?-\",\n    \"on\": false\n  },\n"
         "  {\n    \"id\": null,\n    \"name\": null,\n    \"on\": null\n  }\n]\n"},
    };
    struct arena arena;
    struct table table;

    (void)state;
    arena_init(&arena);
    table_init(&table, &arena, columns, COUNT(columns));
    table_add(&table, (const char *[]){"7", "\xC5\x9E\x1B[1m", "t"});
    table_add(&table, (const char *[]){"1234", "\xFF-", "f"});
    table_add(&table, (const char *[]){NULL, NULL, NULL});
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *text = printed(rows[i].print, &table, rows[i].json);
        assert_string_equal(text, rows[i].text);
        free(text);
    }
    assert_string_equal(table_cell(&table, 1, "id"), "1234");
    assert_null(table_cell(&table, 1, "none"));
    arena_clear(&arena);
}

static void tables_grow(void **state)
{
    static const struct column columns[] = {{"n", COLUMN_COUNT}};
    struct arena arena;
    struct table table;
    char number[16];

    (void)state;
    arena_init(&arena);
    table_init(&table, &arena, columns, COUNT(columns));
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(number, sizeof number, "%d", i);
        table_add(&table, (const char *[]){number});
    }
    assert_int_equal(table.row_count, 1000);
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(number, sizeof number, "%d", i);
        assert_string_equal(table_cell(&table, (size_t)i, "n"), number);
    }
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_fit_type_and_provider),
        cmocka_unit_test(tables_align_and_tame),
        cmocka_unit_test(tables_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
