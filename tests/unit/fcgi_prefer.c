/* SPDX-License-Identifier: Apache-2.0 */
/* Unit test of fcgi/prefer: every shape of the header, good and bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fcgi/prefer.h"

static const struct {
    const char *line;
    int wait_s;
} ROWS[] = {
    {"wait=10", 10},
    {"WAIT=10", 10},
    {"wait = 10", 10},
    {"wait=\"7\"", 7},
    {"wait=007", 7},
    {"wait=25", 25},
    {"wait=26", 25},
    {"wait=99999999999999999999999999", 25},
    {"respond-async, wait=5", 5},
    {"respond-async ,, wait=5", 5},
    {" ,\twait=5 , x", 5},
    {"wait=5; foo=bar; \"no token\"", 0},
    {"wait=5; foo=bar;; baz", 5},
    {"wait=5;", 5},
    {"return=minimal; why=\"a, wait=9\", wait=4", 4},
    {"x=\"a\\\"b\", wait=4", 4},
    {"wait=3, wait=9", 3},
    {"wait, wait=9", 0},
    {"wait=x, wait=9", 0},
    /* Nothing to wait for. */
    {"", 0},
    {"wait", 0},
    {"wait=", 0},
    {"wait=0", 0},
    {"wait=-1", 0},
    {"wait=1.5", 0},
    {"wait=1e1", 0},
    {"wait=0x9", 0},
    {"wait=5s", 0},
    {"wait=5 6", 0},
    {"wait=\"5", 0},
    {"wait=\"", 0},
    {"wait=\"\\", 0},
    {"wait=\"\\5\"", 0},
    {"wait==5", 0},
    {"waiting=5", 0},
    {"x-wait=5", 0},
    {"=5, wait=5", 0},
    {"\xc3\xbc, wait=5", 0},
};

static void rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        char line[256];
        char other[] = "HTTP_PREFERRED=wait=9";
        char *const environment[] = {other, line, NULL};
        snprintf(line, sizeof line, "HTTP_PREFER=%s", ROWS[i].line);
        print_message("  %s\n", ROWS[i].line);
        assert_int_equal(prefer_wait_s(environment), ROWS[i].wait_s);
    }
}

static void lines_are_one_list(void **state)
{
    char first[] = "HTTP_PREFER=respond-async";
    char second[] = "HTTP_PREFER=wait=6";
    char third[] = "HTTP_PREFER=wait=9";
    char *const all[] = {first, second, third, NULL};
    char *const none[] = {NULL};
    (void)state;

    assert_int_equal(prefer_wait_s(all), 6);
    assert_int_equal(prefer_wait_s(none), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows),
        cmocka_unit_test(lines_are_one_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
