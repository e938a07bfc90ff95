/* SPDX-License-Identifier: Apache-2.0 */
/* When a notice is tried again, and when no more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "dispatch/notice.h"

#define SECOND INT64_C(1000)
#define HOUR   (3600 * SECOND)

static const int64_t schedule_ms[] = {5 * SECOND, 300 * SECOND, 1800 * SECOND, 2 * HOUR,
                                      5 * HOUR,   10 * HOUR,    10 * HOUR};
#define TRIES ((int)(sizeof(schedule_ms) / sizeof(schedule_ms[0])))

static const struct {
    struct notice_try tried;
    int64_t wait_ms;
} ROWS[] = {
    {{0, 500, -1}, 5 * SECOND},
    {{0, 0, -1}, 5 * SECOND}, /* no answer */
    {{1, 404, -1}, 300 * SECOND},
    {{2, 302, -1}, 1800 * SECOND},
    {{3, 429, -1}, 2 * HOUR},
    {{4, 503, -1}, 5 * HOUR},
    {{5, 500, -1}, 10 * HOUR},
    {{6, 500, -1}, 10 * HOUR},
    {{7, 500, -1}, NOTICE_NO_MORE},
    {{1000, 500, 5}, NOTICE_NO_MORE},
    {{-1, 500, -1}, NOTICE_NO_MORE},
    {{0, 410, -1}, NOTICE_NO_MORE}, /* gone */
    {{0, 429, 60 * SECOND}, 60 * SECOND},
    {{1, 429, 60 * SECOND}, 300 * SECOND}, /* the schedule waits longer */
    {{0, 503, 0}, 5 * SECOND},
    {{0, 503, 1000 * HOUR}, 24 * HOUR}, /* nobody puts us off for ever */
    {{0, 503, INT64_MAX}, 24 * HOUR},
};

static void tries_follow_the_schedule(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++)
        assert_int_equal(notice_wait_ms(&ROWS[i].tried, schedule_ms, TRIES), ROWS[i].wait_ms);
    assert_int_equal(notice_wait_ms(&ROWS[0].tried, NULL, 0), NOTICE_NO_MORE);
}

static void only_2xx_is_taken(void **state)
{
    (void)state;
    for (long status = 0; status < 600; status++)
        assert_int_equal(notice_taken(status), status >= 200 && status <= 299);
    assert_non_null(strstr(notice_problem(307), "redirect"));
    assert_non_null(strstr(notice_problem(410), "gone"));
    assert_non_null(strstr(notice_problem(500), "2xx"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tries_follow_the_schedule),
        cmocka_unit_test(only_2xx_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
