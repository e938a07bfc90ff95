/* SPDX-License-Identifier: Apache-2.0 */
/* Exact decimals: what is read, how it is spelt, where the range ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "order/credits.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const struct {
    const char *text;
    credits_t credits;
    const char *spelling;
} READABLE[] = {
    {"0", 0, "0"},
    {"-0", 0, "0"},
    {"4", 4000000, "4"},
    {"4.0", 4000000, "4"},
    {"4.5", 4500000, "4.5"},
    {"-0.25", -250000, "-0.25"},
    {"0.000001", 1, "0.000001"},
    {"-0.000001", -1, "-0.000001"},
    {"007", 7000000, "7"},
    {"10.100000", 10100000, "10.1"},
    {"123456.789012", 123456789012, "123456.789012"},
    {"1000000000", CREDITS_MAX, "1000000000"},
    {"-1000000000.000000", -CREDITS_MAX, "-1000000000"},
};

static const char *const UNREADABLE[] = {
    NULL,
    "",
    "-",
    ".",
    ".5",
    "4.",
    "-.5",
    "+4",
    " 4",
    "4 ",
    "4,5",
    "1e5",
    "0x10",
    "4.1234567",
    "--4",
    "4.5.6",
    "nan",
    "inf",
    "4\n",
    "1000000000.000001",
    "-1000000000.000001",
    "1000000001",
    "99999999999999999999",
    "9223372036854775808",
    "00000000000000000000000000000000000001",
    "999999999999999999999999999999",
};

static void texts_are_read_and_spelt_shortest(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(READABLE); i++) {
        credits_t credits = 77;
        char spelling[CREDITS_TEXT_MAX];
        assert_true(credits_parse(READABLE[i].text, &credits));
        assert_int_equal(credits, READABLE[i].credits);
        credits_format(credits, spelling);
        assert_string_equal(spelling, READABLE[i].spelling);
    }
}

static void other_texts_are_refused_and_leave_the_value(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(UNREADABLE); i++) {
        credits_t credits = 77;
        if (credits_parse(UNREADABLE[i], &credits) || credits != 77)
            fail_msg("read: %s", UNREADABLE[i]);
    }
}

static void sums_beyond_the_range_are_spelt(void **state)
{
    (void)state;
    char spelling[CREDITS_TEXT_MAX];
    credits_format(INT64_MIN, spelling);
    assert_string_equal(spelling, "-9223372036854.775808");
    credits_format(INT64_MAX, spelling);
    assert_string_equal(spelling, "9223372036854.775807");
}

static void products_stay_in_the_range(void **state)
{
    (void)state;
    static const struct {
        credits_t credits;
        int count;
        bool fits;
        credits_t product;
    } rows[] = {
        {4500000, 12, true, 54000000},
        {-1, 3, true, -3},
        {0, 120, true, 0},
        {CREDITS_MAX, 1, true, CREDITS_MAX},
        {CREDITS_MAX, -1, true, -CREDITS_MAX},
        {CREDITS_MAX, 2, false, 0},
        {CREDITS_MAX / 2 + 1, 2, false, 0},
        {-CREDITS_MAX, 2, false, 0},
        {INT64_MAX, INT32_MAX, false, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        credits_t product = 77;
        assert_int_equal(credits_times(rows[i].credits, rows[i].count, &product), rows[i].fits);
        assert_int_equal(product, rows[i].fits ? rows[i].product : 77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_read_and_spelt_shortest),
        cmocka_unit_test(other_texts_are_refused_and_leave_the_value),
        cmocka_unit_test(sums_beyond_the_range_are_spelt),
        cmocka_unit_test(products_stay_in_the_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
