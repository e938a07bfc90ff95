/* SPDX-License-Identifier: Apache-2.0 */
/* Unit test of base/clock: RFC 3339 to the letter, and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define NONE        INT64_MIN

static void times_are_read_strictly(void **state)
{
    static const struct {
        const char *text;
        int64_t wall_ms;
    } rows[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-11-21T18:00:00Z", 1795284000000},
        {"2026-11-21t18:00:00z", 1795284000000},
        {"2026-11-21T21:00:00+03:00", 1795284000000},
        {"2026-11-21T10:30:00-07:30", 1795284000000},
        {"2026-11-21T18:00:00-00:00", 1795284000000},
        {"2026-11-21T18:00:00.5Z", 1795284000500},
        {"2026-11-21T18:00:00.123456789Z", 1795284000123},
        {"1969-12-31T23:30:00-00:30", 0},
        {"2024-02-29T00:00:00Z", 1709164800000},
        {"2000-02-29T00:00:00Z", 951782400000},
        {"9999-12-31T23:59:59.999Z", 253402300799999},
        {"9999-12-31T23:59:59-00:01", NONE},
        {"1969-12-31T23:59:59Z", NONE},
        {"1900-02-29T00:00:00Z", NONE},
        {"2100-02-29T00:00:00Z", NONE},
        {"2023-02-29T00:00:00Z", NONE},
        {"2026-04-31T00:00:00Z", NONE},
        {"2026-00-10T00:00:00Z", NONE},
        {"2026-13-10T00:00:00Z", NONE},
        {"2026-01-00T00:00:00Z", NONE},
        {"2026-01-01T24:00:00Z", NONE},
        {"2026-01-01T00:60:00Z", NONE},
        {"2016-12-31T23:59:60Z", NONE},
        {"2026-01-01T00:00:00", NONE},
        {"2026-01-01T00:00:00+0300", NONE},
        {"2026-01-01T00:00:00+03", NONE},
        {"2026-01-01T00:00:00+24:00", NONE},
        {"2026-01-01T00:00:00+03:60", NONE},
        {"2026-01-01T00:00:00.Z", NONE},
        {"2026-01-01T00:00:00,5Z", NONE},
        {"2026-01-01 00:00:00Z", NONE},
        {"2026-01-01T00:00Z", NONE},
        {"2026-1-01T00:00:00Z", NONE},
        {"26-01-01T00:00:00Z", NONE},
        {"+2026-01-01T00:00:00Z", NONE},
        {"2026-01-01T00:00:00Z ", NONE},
        {" 2026-01-01T00:00:00Z", NONE},
        {"2026-01-01", NONE},
        {"", NONE},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (clock_parse_rfc3339(rows[i].text) != rows[i].wall_ms)
            fail_msg("row %zu: %s", i, rows[i].text);
}

static void times_are_written(void **state)
{
    static const struct {
        int64_t wall_ms;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00Z"},
        {999, "1970-01-01T00:00:00Z"},
        {-1, "1969-12-31T23:59:59Z"},
        {1795284000123, "2026-11-21T18:00:00Z"},
        {253402300799999, "9999-12-31T23:59:59Z"},
        {253402300800000, "-"},
        {INT64_MAX, "-"},
        {INT64_MIN, "-"},
    };
    char text[CLOCK_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        clock_format(rows[i].wall_ms, text);
        assert_string_equal(text, rows[i].text);
    }
}

static int64_t read_ctx(void *ctx)
{
    return *(int64_t *)ctx;
}

static void clocks_are_injectable_and_the_system_runs(void **state)
{
    int64_t now = 4711;
    const struct clock fake = {read_ctx, read_ctx, &now};

    (void)state;
    assert_int_equal(clock_wall_ms(&fake), 4711);
    now = 4712;
    assert_int_equal(clock_boot_ms(&fake), 4712);
    int64_t before = clock_boot_ms(&clock_system);
    assert_true(before > 0);
    assert_true(clock_boot_ms(&clock_system) >= before);
    assert_true(clock_wall_ms(&clock_system) > clock_parse_rfc3339("2020-01-01T00:00:00Z"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_read_strictly),
        cmocka_unit_test(times_are_written),
        cmocka_unit_test(clocks_are_injectable_and_the_system_runs),
    };
    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
