/* SPDX-License-Identifier: Apache-2.0 */
/* Lisans Zone: paths, validity and times without a zone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "provider/answer.h"
#include "provider/registry.h"
#include "provider/zone.h"

static const struct config_account account = {.name = "zone", .provider = "lisanszone", .time_zone = "Europe/Istanbul"};

static struct answer read_body(enum call_name name, long status, const char *body, struct arena *arena)
{
    struct observation seen = {.passed = true, .status = status, .body = body, .body_len = strlen(body)};
    struct answer answer;

    answer_read(&answer, provider_find("lisanszone"), name, &account, &seen, arena);
    return answer;
}

static void paths(void **state)
{
    (void)state;
    assert_string_equal(provider_lisanszone.path(CALL_ACTIVATE), "/activate.php");
    assert_string_equal(provider_lisanszone.path(CALL_VERIFY), "/verify.php");
    assert_string_equal(provider_lisanszone.path(CALL_DEACTIVATE), "/deactivate.php");
    assert_string_equal(provider_lisanszone.path(CALL_INFO), "/info.php");
    assert_null(provider_lisanszone.path(CALL_CREATE));
    assert_null(provider_lisanszone.path(CALL_BALANCE));
}

static void verification(void **state)
{
    static const struct {
        long status;
        const char *body;
        enum verdict verdict;
        const char *code;
    } rows[] = {
        {200, "{\"success\":true,\"valid\":true}", VERDICT_DONE, "done"},
        {200, "{\"success\":true,\"valid\":false}", VERDICT_REFUSED, "license_not_valid"},
        {200, "{\"success\":true}", VERDICT_UNSURE, "answer_unclear"},
        {200, "{\"success\":true,\"valid\":\"true\"}", VERDICT_UNSURE, "answer_unclear"},
        {200, "{\"success\":false,\"valid\":true}", VERDICT_REFUSED, "refused"},
        {400, "{\"success\":false,\"error\":\"x\",\"error_code\":\"VERIFICATION_FAILED\"}", VERDICT_REFUSED,
         "verification_failed"},
        {429, "{\"success\":false,\"error_code\":\"RATE_LIMIT_EXCEEDED\"}", VERDICT_LATER, "rate_limited"},
        {500, "{\"success\":false,\"error_code\":\"SERVER_ERROR\"}", VERDICT_UNSURE, "server_error"},
    };
    struct arena arena;

    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct answer answer = read_body(CALL_VERIFY, rows[i].status, rows[i].body, &arena);

        assert_int_equal(answer.verdict, rows[i].verdict);
        assert_string_equal(answer.reason_code, rows[i].code);
    }
    /* Only a verification is judged by "valid". */
    assert_int_equal(read_body(CALL_DEACTIVATE, 200, "{\"success\":true}", &arena).verdict, VERDICT_DONE);
    assert_int_equal(read_body(CALL_INFO, 200, "{\"success\":true,\"data\":{}}", &arena).verdict, VERDICT_DONE);
    arena_clear(&arena);
}

static void expiry(void **state)
{
    struct arena arena;
    struct answer answer;

    (void)state;
    arena_init(&arena);
    answer = read_body(CALL_ACTIVATE, 200, "{\"success\":true,\"expires_at\":\"2024-12-31 23:59:59\"}", &arena);
    assert_int_equal(answer.expires_ms, INT64_C(1735678799000)); /* 20:59:59Z: Istanbul is at +03 */
    answer = read_body(CALL_ACTIVATE, 200, "{\"success\":true,\"expires_at\":null}", &arena);
    assert_int_equal(answer.expires_ms, INT64_MIN);
    assert_int_equal(answer.activated_ms, INT64_MIN);
    answer = read_body(CALL_VERIFY, 200, "{\"success\":true,\"valid\":true,\"activated_at\":\"2024-01-01 12:00:00\"}",
                       &arena);
    assert_int_equal(answer.activated_ms, INT64_C(1704099600000)); /* 09:00:00Z */
    answer = read_body(CALL_DEACTIVATE, 200, "{\"success\":true,\"expires_at\":\"2024-12-31 23:59:59\"}", &arena);
    assert_int_equal(answer.expires_ms, INT64_MIN);
    arena_clear(&arena);
}

/* What the provider says of itself is kept as far as it is documented. */
static void info(void **state)
{
    struct arena arena;
    struct answer answer;

    (void)state;
    arena_init(&arena);
    answer = read_body(CALL_INFO, 200,
                       "{\"success\":true,\"data\":{\"api\":{\"version\":\"2.0\",\"status\":7,\"more\":\"x\"},"
                       "\"statistics\":{\"total_licenses\":150,\"active_licenses\":\"many\"},\"other\":[1]}}",
                       &arena);
    assert_string_equal(answer.info,
                        "{\"api\":{\"version\":\"2.0\"},\"system_status\":{},\"statistics\":{\"total_licenses\":150}}");
    answer = read_body(CALL_INFO, 200, "{\"success\":true}", &arena);
    assert_string_equal(answer.info, "{\"api\":{},\"system_status\":{},\"statistics\":{}}");
    answer = read_body(CALL_INFO, 500, "{\"success\":false}", &arena);
    assert_null(answer.info);
    arena_clear(&arena);
}

static void zones(void **state)
{
    static const struct {
        const char *text;
        const char *zone;
        int64_t ms;
    } rows[] = {
        {"2024-12-31 23:59:59", "Europe/Istanbul", INT64_C(1735678799000)},
        {"2024-07-01 12:00:00", "Europe/Istanbul", INT64_C(1719824400000)},
        {"2015-01-01 00:00:00", "Europe/Istanbul", INT64_C(1420063200000)}, /* +02 in the winters before 2016 */
        {"2024-07-01 12:00:00", "Europe/Berlin", INT64_C(1719828000000)},
        {"2024-01-01 12:00:00", "Europe/Berlin", INT64_C(1704106800000)},
        {"2050-07-01 12:00:00", "Europe/Berlin", INT64_C(2540282400000)}, /* behind the file's last listed change */
        {"2024-07-01 12:00:00", "UTC", INT64_C(1719835200000)},
        {"2024-07-01T12:00:00Z", "Europe/Berlin", INT64_C(1719835200000)},
        {"2024-07-01T12:00:00+03:00", NULL, INT64_C(1719824400000)},
        {"2024-02-29 00:00:00", "UTC", INT64_C(1709164800000)},
        {"2023-02-29 00:00:00", "UTC", INT64_MIN},
        {"0000-00-00 00:00:00", "UTC", INT64_MIN},
        {"2024-13-01 00:00:00", "UTC", INT64_MIN},
        {"2024-01-01 24:00:00", "UTC", INT64_MIN},
        {"2024-01-01", "UTC", INT64_MIN},
        {"2024-01-01 00:00:00x", "UTC", INT64_MIN},
        {"", "UTC", INT64_MIN},
        {"never", "UTC", INT64_MIN},
        {"2024-07-01 12:00:00", "Europe/Nowhere", INT64_MIN},
        {"2024-07-01 12:00:00", "../../../etc/hostname", INT64_MIN},
        {"2024-07-01 12:00:00", NULL, INT64_MIN},
    };

    (void)state;
    zone_prepare();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t ms = zone_parse(rows[i].text, rows[i].zone);

        if (ms != rows[i].ms)
            fail_msg("%s in %s: %lld", rows[i].text, rows[i].zone != NULL ? rows[i].zone : "-", (long long)ms);
    }
}

static void zone_is_put_back(void **state)
{
    time_t at = 1719835200;
    struct tm local;

    (void)state;
    setenv("TZ", "Asia/Tokyo", 1);
    assert_int_equal(zone_parse("2024-07-01 12:00:00", "Europe/Berlin"), INT64_C(1719828000000));
    assert_string_equal(getenv("TZ"), "Asia/Tokyo");
    localtime_r(&at, &local);
    assert_int_equal(local.tm_hour, 21);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths), cmocka_unit_test(verification), cmocka_unit_test(expiry),
        cmocka_unit_test(info),  cmocka_unit_test(zones),        cmocka_unit_test(zone_is_put_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
