/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters in PostgreSQL's formats; the arrays byte by byte as array_recv reads them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "store/params.h"

static void assert_item(const struct param *param, const void *bytes, size_t len)
{
    assert_int_equal(param->len, len);
    assert_memory_equal(param->data, bytes, len);
}

static void test_scalars(void **state)
{
    (void)state;
    struct params params;
    params_init(&params);
    params_text(&params, "it's");
    params_text(&params, NULL);
    params_int(&params, INT64_MIN);
    params_bool(&params, true);
    params_bytes(&params, "\x00\xff", 2);
    params_bytes(&params, NULL, 0);
    params_null(&params);
    params_bytes(&params, "", 0);
    assert_int_equal(params.count, 8);
    assert_string_equal(params.items[0].data, "it's");
    assert_true(params.items[1].null && params.items[5].null && params.items[6].null);
    assert_string_equal(params.items[2].data, "-9223372036854775808");
    assert_string_equal(params.items[3].data, "t");
    assert_string_equal(params.items[4].data, "\\x00ff");
    assert_string_equal(params.items[7].data, "\\x");
    assert_false(params.items[7].null);
    params_clear(&params);
}

static void test_arrays(void **state)
{
    (void)state;
    static const unsigned char texts[] = {0, 0, 0, 1, 0, 0, 0, 1,   0,   0,   0,   25,  0,   0, 0, 3, 0,
                                          0, 0, 1, 0, 0, 0, 2, 'a', 'b', 255, 255, 255, 255, 0, 0, 0, 0};
    static const unsigned char ints[] = {0, 0, 0, 1, 0, 0, 0, 0, 0,   0,   0,   20,  0,   0,   0,   1,
                                         0, 0, 0, 1, 0, 0, 0, 8, 255, 255, 255, 255, 255, 255, 255, 254};
    static const unsigned char bools[] = {0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0,
                                          2, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0,  0, 1, 0};
    static const unsigned char none[12] = {[11] = 17};
    struct params params;
    params_init(&params);
    params_array(&params, PARAMS_TEXT);
    params_add_text(&params, "ab");
    params_add_text(&params, NULL);
    params_add_text(&params, "");
    params_array(&params, PARAMS_INT8);
    params_add_int(&params, -2);
    params_array(&params, PARAMS_BOOL);
    params_add_bool(&params, true);
    params_add_bool(&params, false);
    params_array(&params, PARAMS_BYTEA);
    assert_item(&params.items[0], texts, sizeof texts);
    assert_item(&params.items[1], ints, sizeof ints);
    assert_item(&params.items[2], bools, sizeof bools);
    assert_item(&params.items[3], none, sizeof none); /* no dimension: the empty array */
    params_clear(&params);
}

static void test_nulls_and_clearing(void **state)
{
    (void)state;
    struct params params;
    params_init(&params);
    params_array(&params, PARAMS_BYTEA);
    params_add_bytes(&params, "x", 1);
    params_add_null(&params);
    assert_int_equal(params.items[0].elements, 2);
    assert_true(params.items[0].has_null);
    params_clear(&params);
    assert_int_equal(params.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scalars),
        cmocka_unit_test(test_arrays),
        cmocka_unit_test(test_nulls_and_clearing),
    };
    return cmocka_run_group_tests_name("params", tests, NULL, NULL);
}
