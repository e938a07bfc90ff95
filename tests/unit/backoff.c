/* SPDX-License-Identifier: Apache-2.0 */
/* The range of the wait at both ends of the randomness, and no overflow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <limits.h>
#include <cmocka.h>

#include "order/backoff.h"

static const struct {
    int64_t base_ms, cap_ms;
    int tries;
    int64_t least_ms;
    int64_t shortest_ms, longest_ms;
} ROWS[] = {
    {2000, 900000, 1, 0, 1000, 2000},
    {2000, 900000, 2, 0, 1000, 4000},
    {2000, 900000, 5, 0, 1000, 32000},
    {2000, 900000, 9, 0, 1000, 512000},
    {2000, 900000, 10, 0, 1000, 900000},
    {2000, 900000, 1000, 0, 1000, 900000},
    {2000, 900000, INT_MAX, 0, 1000, 900000},
    {2000, 900000, 0, 0, 1000, 2000},
    {2000, 900000, 1, 60000, 60000, 60000},
    {2000, 900000, 3, 5000, 5000, 8000},
    {2000, 500, 4, 0, 500, 500}, /* cap below base: the cap rules */
    {1, 1, 7, 0, 0, 1},
    {200, INT64_MAX, 63, 0, 100, INT64_MAX},
    {200, INT64_MAX, INT_MAX, 0, 100, INT64_MAX},
};

static void waits_span_exactly_their_range(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct backoff backoff = {ROWS[i].base_ms, ROWS[i].cap_ms};
        assert_true(backoff_wait_ms(&backoff, ROWS[i].tries, ROWS[i].least_ms, 0) == ROWS[i].shortest_ms);
        assert_true(backoff_wait_ms(&backoff, ROWS[i].tries, ROWS[i].least_ms, UINT64_MAX) == ROWS[i].longest_ms);
    }
}

/* A step through the whole range of random bits must meet every wait about as
 * often as any other: 1000 draws over 1001 possible waits never repeat one. */
static void waits_are_spread_evenly(void **state)
{
    (void)state;
    struct backoff backoff = {2000, 900000};
    int64_t before = -1;
    for (uint64_t i = 0; i < 1000; i++) {
        int64_t wait = backoff_wait_ms(&backoff, 1, 0, i * (UINT64_MAX / 1000));
        assert_true(wait > before);
        before = wait;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_span_exactly_their_range),
        cmocka_unit_test(waits_are_spread_evenly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
