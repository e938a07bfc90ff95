/* SPDX-License-Identifier: Apache-2.0 */
/* 724license: paths, bodies and the documented answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "provider/answer.h"
#include "provider/registry.h"

static const struct config_account account = {.name = "main", .provider = "724license"};

static struct answer read_body(enum call_name name, const char *body, struct arena *arena)
{
    struct observation seen = {.passed = true, .status = 200, .body = body, .body_len = strlen(body)};
    struct answer answer;

    answer_read(&answer, provider_find("724license"), name, &account, &seen, arena);
    return answer;
}

static void paths(void **state)
{
    static const char *const expected[CALL_NAME_COUNT] = {
        "/products",
        "/product",
        "/balance",
        "/licenses/create",
        "/licenses/renew",
        "/licenses/suspend",
        "/licenses/unsuspend",
        "/licenses/change-ip",
        "/licenses/change-core",
        NULL,
        NULL,
        NULL,
        NULL,
    };

    (void)state;
    for (int name = 0; name < CALL_NAME_COUNT; name++) {
        const char *path = provider_license724.path((enum call_name)name);

        if (expected[name] == NULL)
            assert_null(path);
        else
            assert_string_equal(path, expected[name]);
    }
    assert_null(provider_find("724"));
}

static void license_ids(void **state)
{
    static const struct {
        const char *json;
        const char *id;
    } rows[] = {
        {"1234", "1234"},     {"\"L-77\"", "L-77"}, {"1234.0", "1234"}, {"9007199254740993", "9007199254740993"},
        {"12.5", NULL},       {"1e300", NULL},      {"null", NULL},     {"\"\"", NULL},
        {"{\"id\":1}", NULL}, {"true", NULL},
    };
    struct arena arena;
    struct answer answer;

    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        answer =
            read_body(CALL_CREATE, arena_printf(&arena, "{\"success\":true,\"license_id\":%s}", rows[i].json), &arena);
        assert_int_equal(answer.verdict, VERDICT_DONE);
        if (rows[i].id == NULL)
            assert_null(answer.upstream_license_id);
        else
            assert_string_equal(answer.upstream_license_id, rows[i].id);
    }
    answer = read_body(CALL_CREATE, "{\"success\":true,\"message\":\"Lisans işlemi tamamlandı.\"}", &arena);
    assert_int_equal(answer.verdict, VERDICT_DONE);
    assert_null(answer.upstream_license_id);
    assert_string_equal(answer.message, "Lisans işlemi tamamlandı.");
    arena_clear(&arena);
}

static void balances(void **state)
{
    static const struct {
        const char *account;
        bool has;
        credits_t balance;
        bool sandbox;
    } rows[] = {
        {"{\"balance\":120,\"currency\":\"credit\",\"sandbox_enabled\":false}", true, 120 * CREDITS_ONE, false},
        {"{\"balance\":\"7.25\",\"sandbox_enabled\":true}", true, 7250000, true},
        {"{\"balance\":1,\"sandbox_enabled\":1}", true, CREDITS_ONE, true},
        {"{\"balance\":1,\"sandbox_enabled\":\"0\"}", true, CREDITS_ONE, false},
        {"{\"sandbox_enabled\":false}", false, 0, false},
        {"[120]", false, 0, false},
        {"null", false, 0, false},
    };
    struct arena arena;

    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct answer answer =
            read_body(CALL_BALANCE, arena_printf(&arena, "{\"success\":true,\"account\":%s}", rows[i].account), &arena);

        assert_int_equal(answer.has_balance, rows[i].has);
        assert_int_equal(answer.balance, rows[i].balance);
        assert_int_equal(answer.sandbox, rows[i].sandbox);
    }
    arena_clear(&arena);
}

static void catalogue(void **state)
{
    static const char body[] =
        "{\"success\":true,\"count\":6,\"products\":[{\"code\":\"cpanel\",\"name\":\"cPanel\",\"credit_price\":4},"
        "{\"code\":\"litespeed\",\"credit_price\":\"2.5\",\"visible\":false},{\"code\":\"free\",\"credit_price\":0,"
        "\"is_hidden\":1},{\"name\":\"no code\",\"credit_price\":1},{\"code\":\"dear\",\"credit_price\":\"x\"},7]}";
    struct arena arena;
    struct answer answer;

    (void)state;
    arena_init(&arena);
    answer = read_body(CALL_PRODUCTS, body, &arena);
    assert_int_equal(answer.item_count, 3);
    assert_string_equal(answer.items[0].code, "cpanel");
    assert_string_equal(answer.items[0].name, "cPanel");
    assert_int_equal(answer.items[0].price, 4 * CREDITS_ONE);
    assert_true(answer.items[0].visible);
    assert_string_equal(answer.items[1].name, "litespeed");
    assert_int_equal(answer.items[1].price, 2500000);
    assert_false(answer.items[1].visible);
    assert_false(answer.items[2].visible);
    answer =
        read_body(CALL_PRODUCT, "{\"success\":true,\"product\":{\"code\":\"cpanel\",\"credit_price\":4.25}}", &arena);
    assert_int_equal(answer.item_count, 1);
    assert_int_equal(answer.items[0].price, 4250000);
    answer = read_body(CALL_PRODUCT, "{\"success\":true,\"product\":{\"code\":\"cpanel\"}}", &arena);
    assert_int_equal(answer.item_count, 0);
    answer = read_body(CALL_PRODUCTS, "{\"success\":true}", &arena);
    assert_int_equal(answer.item_count, 0);
    arena_clear(&arena);
}

static void bodies(void **state)
{
    struct call create = {.name = CALL_CREATE,
                          .count = 3,
                          .fields = {{.name = "type", .text = "cpanel"},
                                     {.name = "ip", .text = "203.0.113.10"},
                                     {.name = "billingcycle", .number = 1}}};
    struct call quoted = {.name = CALL_VERIFY, .count = 1, .fields = {{.name = "hwid", .text = "a\"\\\n\xc4\xb1"}}};
    struct call balance = {.name = CALL_BALANCE};
    struct arena arena;

    (void)state;
    arena_init(&arena);
    assert_string_equal(provider_call_body(&create, &arena),
                        "{\"type\":\"cpanel\",\"ip\":\"203.0.113.10\",\"billingcycle\":1}");
    assert_string_equal(provider_call_body(&quoted, &arena), "{\"hwid\":\"a\\\"\\\\\\n\xc4\xb1\"}");
    assert_string_equal(provider_call_body(&balance, &arena), "{}");
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths),     cmocka_unit_test(license_ids), cmocka_unit_test(balances),
        cmocka_unit_test(catalogue), cmocka_unit_test(bodies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
