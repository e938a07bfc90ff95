/* SPDX-License-Identifier: Apache-2.0 */
/* Unit test of base/text: the ceiling holds and the small readers are strict. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "base/utf8.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static void ceiling_holds(void **state)
{
    struct text text;

    (void)state;
    text_init(&text, 10);
    assert_string_equal(text_str(&text), "");
    assert_true(text_adds(&text, "12345"));
    assert_true(text_addf(&text, "%d", 67890));
    assert_int_equal(text.len, 10);
    assert_false(text.cut);
    assert_true(text_add(&text, "", 0));
    assert_false(text_adds(&text, "x"));
    assert_true(text.cut);
    assert_false(text_addf(&text, "%s", "y"));
    assert_string_equal(text_str(&text), "1234567890");
    assert_true(text.cap <= 11);
    text_reset(&text);
    assert_string_equal(text_str(&text), "");
    assert_false(text.cut);
    assert_false(text_addf(&text, "%s", "abcdefghijkl"));
    assert_string_equal(text_str(&text), "abcdefghij");
    text_clear(&text);
    assert_null(text.data);
    text_init(&text, 0);
    assert_false(text_adds(&text, "x"));
    assert_string_equal(text_str(&text), "");
    text_clear(&text);
}

static void grows_and_keeps_bytes(void **state)
{
    struct text text;

    (void)state;
    text_init(&text, 100000);
    for (int i = 0; i < 10000; i++)
        assert_true(text_addf(&text, "%d,", i % 10));
    assert_int_equal(text.len, 20000);
    assert_memory_equal(text.data + 19990, "5,6,7,8,9,", 10);
    text_reset(&text);
    assert_true(text_add(&text, "a\0b", 3));
    assert_int_equal(text.len, 3);
    assert_memory_equal(text.data, "a\0b", 4);
    text_clear(&text);
}

static void utf8_is_strict(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        bool valid;
    } rows[] = {
        {"", 0, true},
        {"plain", 5, true},
        {"\xC3\xBC", 2, true},
        {"\xE2\x82\xAC", 3, true},
        {"\xF0\x9F\x98\x80", 4, true},
        {"\xED\x9F\xBF", 3, true},
        {"\xF4\x8F\xBF\xBF", 4, true},
        {"a\0b", 3, false},
        {"\x80", 1, false},
        {"\xC3", 1, false},
        {"\xC0\x80", 2, false},
        {"\xC1\xBF", 2, false},
        {"\xE0\x9F\xBF", 3, false},
        {"\xED\xA0\x80", 3, false},
        {"\xE2\x82", 2, false},
        {"\xE2\x28\xA1", 3, false},
        {"\xE2\x82\x28", 3, false},
        {"\xF0\x8F\xBF\xBF", 4, false},
        {"\xF4\x90\x80\x80", 4, false},
        {"\xF5\x80\x80\x80", 4, false},
        {"ok\xFFok", 5, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (utf8_valid(rows[i].bytes, rows[i].len) != rows[i].valid)
            fail_msg("row %zu", i);
    assert_int_equal(utf8_len("\xE2\x82\xAC", 3), 3);
    assert_int_equal(utf8_len("\xE2\x82\xAC", 2), 0);
    assert_int_equal(utf8_len("", 0), 0);
}

static void integers_are_strict(void **state)
{
    static const struct {
        const char *text;
        int64_t min, max;
        bool valid;
        int64_t value;
    } rows[] = {
        {"0", 0, 9, true, 0},
        {"-0", -1, 1, true, 0},
        {"42", 0, 100, true, 42},
        {"-7", -10, 0, true, -7},
        {"9223372036854775807", INT64_MIN, INT64_MAX, true, INT64_MAX},
        {"-9223372036854775808", INT64_MIN, INT64_MAX, true, INT64_MIN},
        {"9223372036854775808", INT64_MIN, INT64_MAX, false, 0},
        {"-9223372036854775809", INT64_MIN, INT64_MAX, false, 0},
        {"99999999999999999999", INT64_MIN, INT64_MAX, false, 0},
        {"101", 0, 100, false, 0},
        {"-1", 0, 100, false, 0},
        {"", 0, 9, false, 0},
        {"-", -9, 9, false, 0},
        {"+1", 0, 9, false, 0},
        {" 1", 0, 9, false, 0},
        {"1 ", 0, 9, false, 0},
        {"1.0", 0, 9, false, 0},
        {"1e1", 0, 99, false, 0},
        {"0x1", 0, 99, false, 0},
        {"--1", -9, 9, false, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t value = 77;
        bool valid = text_parse_int(rows[i].text, rows[i].min, rows[i].max, &value);
        if (valid != rows[i].valid || value != (valid ? rows[i].value : 77))
            fail_msg("row %zu: %s", i, rows[i].text);
    }
}

static void hex_goes_both_ways(void **state)
{
    static const struct {
        const char *text;
        size_t cap;
        long len;
    } rows[] = {
        {"", 0, 0},   {"00ff", 2, 2}, {"00FF", 8, 2}, {"00ff", 1, -1},
        {"0", 8, -1}, {"00f", 8, -1}, {"0g", 8, -1},  {"zz", 8, -1},
    };
    unsigned char bytes[8];
    char text[17];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (text_unhex(rows[i].text, bytes, rows[i].cap) != rows[i].len)
            fail_msg("row %zu: %s", i, rows[i].text);
    assert_int_equal(text_unhex("00aBfF7e", bytes, 8), 4);
    assert_memory_equal(bytes, "\x00\xAB\xFF\x7E", 4);
    text_hex(bytes, 4, text);
    assert_string_equal(text, "00abff7e");
    text_hex(bytes, 0, text);
    assert_string_equal(text, "");
}

static void same_knows_null(void **state)
{
    (void)state;
    assert_true(text_same(NULL, NULL));
    assert_true(text_same("a", "a"));
    assert_false(text_same("a", "b"));
    assert_false(text_same("a", NULL));
    assert_false(text_same(NULL, ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ceiling_holds),      cmocka_unit_test(grows_and_keeps_bytes),
        cmocka_unit_test(utf8_is_strict),     cmocka_unit_test(integers_are_strict),
        cmocka_unit_test(hex_goes_both_ways), cmocka_unit_test(same_knows_null),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
