/* SPDX-License-Identifier: Apache-2.0 */
/* What a window's balance may conclude: chosen rows, then thousands of windows
 * against an enumeration that shares nothing with the search. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "order/window.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define C           CREDITS_ONE

/* One letter per doubt: D done, N not, F nothing was charged, U unknown. */
static char fate_letter(enum window_fate fate)
{
    static const char letters[] = {
        [WINDOW_FATE_DONE] = 'D', [WINDOW_FATE_NOT] = 'N', [WINDOW_FATE_FREE] = 'F', [WINDOW_FATE_UNKNOWN] = 'U'};
    return letters[fate];
}

static const struct {
    const char *what;
    bool tainted;
    credits_t opened, closed, confirmed;
    struct window_doubt doubts[WINDOW_DOUBTS_MAX];
    const char *fates;
    bool alarm;
    credits_t learned; /* of the first doubt; -1: not learned */
} ROWS[] = {
    {"no doubts, it fits", false, 10 * C, 4 * C, 6 * C, {{0, 0, false}}, "", false, -1},
    {"no doubts, a top-up", false, 10 * C, 40 * C, 6 * C, {{0, 0, false}}, "", false, -1},
    {"no doubts, a fall", false, 10 * C, 1 * C, 6 * C, {{0, 0, false}}, "", false, -1},
    {"one, nothing is missing", false, 10 * C, 10 * C, 0, {{4 * C, 4 * C, false}}, "N", false, -1},
    {"one, its price is missing", false, 10 * C, 6 * C, 0, {{4 * C, 4 * C, false}}, "D", false, 4 * C},
    {"beyond the confirmed", false, 20 * C, 6 * C, 10 * C, {{4 * C, 4 * C, false}}, "D", false, 4 * C},
    {"a millionth beside the price", false, 10 * C, 6 * C - 1, 0, {{4 * C, 4 * C, false}}, "U", true, -1},
    {"a millionth less", false, 10 * C, 6 * C + 1, 0, {{4 * C, 4 * C, false}}, "U", true, -1},
    {"a rise while in doubt", false, 10 * C, 11 * C, 0, {{4 * C, 4 * C, false}}, "U", true, -1},
    {"a rise that hides behind the confirmed", false, 10 * C, 9 * C, 2 * C, {{4 * C, 4 * C, false}}, "U", true, -1},
    {"more than all of them", false, 20 * C, 5 * C, 0, {{4 * C, 4 * C, false}, {6 * C, 6 * C, false}}, "UU", true, -1},
    {"distinct, one of them",
     false,
     20 * C,
     14 * C,
     0,
     {{4 * C, 4 * C, false}, {6 * C, 6 * C, false}},
     "ND",
     false,
     -1},
    {"distinct, both", false, 20 * C, 10 * C, 0, {{4 * C, 4 * C, false}, {6 * C, 6 * C, false}}, "DD", false, 4 * C},
    {"equal, one of two", false, 20 * C, 16 * C, 0, {{4 * C, 4 * C, false}, {4 * C, 4 * C, false}}, "UU", false, -1},
    {"equal, none", false, 20 * C, 20 * C, 0, {{4 * C, 4 * C, false}, {4 * C, 4 * C, false}}, "NN", false, -1},
    {"equal, all", false, 20 * C, 12 * C, 0, {{4 * C, 4 * C, false}, {4 * C, 4 * C, false}}, "DD", false, 4 * C},
    {"2 + 3 or 5",
     false,
     20 * C,
     15 * C,
     0,
     {{2 * C, 2 * C, false}, {3 * C, 3 * C, false}, {5 * C, 5 * C, false}},
     "UUU",
     false,
     -1},
    {"7 is 2 + 5 only",
     false,
     20 * C,
     13 * C,
     0,
     {{2 * C, 2 * C, false}, {3 * C, 3 * C, false}, {5 * C, 5 * C, false}},
     "DND",
     false,
     2 * C},
    {"the dear one is in every subset",
     false,
     20 * C,
     10 * C,
     0,
     {{8 * C, 8 * C, false}, {2 * C, 2 * C, false}, {2 * C, 2 * C, false}},
     "DUU",
     false,
     8 * C},
    {"the dear one is in none",
     false,
     20 * C,
     18 * C,
     0,
     {{8 * C, 8 * C, false}, {2 * C, 2 * C, false}, {2 * C, 2 * C, false}},
     "NUU",
     false,
     -1},
    {"free of charge does not tell whether", false, 10 * C, 10 * C, 0, {{0, 0, false}}, "U", false, -1},
    {"free of charge, and may be repeated", false, 10 * C, 10 * C, 0, {{0, 0, true}}, "F", false, -1},
    {"free beside paid", false, 10 * C, 6 * C, 0, {{0, 0, true}, {4 * C, 4 * C, false}}, "FD", false, -1},
    {"three costs, none of them", false, 50 * C, 50 * C, 0, {{12 * C, 4 * C, true}}, "F", false, -1},
    {"three costs, the month's", false, 50 * C, 46 * C, 0, {{12 * C, 4 * C, true}}, "D", false, 4 * C},
    {"three costs, the months'", false, 50 * C, 38 * C, 0, {{12 * C, 4 * C, true}}, "D", false, 12 * C},
    {"three costs, another", false, 50 * C, 40 * C, 0, {{12 * C, 4 * C, true}}, "U", true, -1},
    {"perhaps free, perhaps its neighbour",
     false,
     10 * C,
     6 * C,
     0,
     {{4 * C, 4 * C, true}, {4 * C, 4 * C, false}},
     "UU",
     false,
     -1},
    {"two costs, the month's", false, 50 * C, 46 * C, 0, {{4 * C, 48 * C, false}}, "D", false, 4 * C},
    {"two costs, the months'", false, 50 * C, 2 * C, 0, {{4 * C, 48 * C, false}}, "D", false, 48 * C},
    {"two costs, none", false, 50 * C, 50 * C, 0, {{4 * C, 48 * C, false}}, "N", false, -1},
    {"two costs, between", false, 50 * C, 40 * C, 0, {{4 * C, 48 * C, false}}, "U", true, -1},
    {"done at a cost that is not clear",
     false,
     50 * C,
     42 * C,
     0,
     {{2 * C, 4 * C, false}, {4 * C, 6 * C, false}},
     "DD",
     false,
     -1},
    {"one cost may be nothing", false, 10 * C, 10 * C, 0, {{0, 4 * C, true}}, "F", false, -1},
    {"one cost may be nothing, but it was charged", false, 10 * C, 6 * C, 0, {{4 * C, 4 * C, true}}, "D", false, 4 * C},
    {"tainted, though it fits", true, 10 * C, 6 * C, 0, {{4 * C, 4 * C, false}}, "U", false, -1},
    {"tainted, though nothing fits", true, 10 * C, 1 * C, 0, {{4 * C, 4 * C, false}}, "U", false, -1},
};

static size_t row_fill(size_t row, struct window_sum *sum)
{
    *sum = (struct window_sum){.tainted = ROWS[row].tainted,
                               .opened = ROWS[row].opened,
                               .closed = ROWS[row].closed,
                               .confirmed = ROWS[row].confirmed,
                               .count = strlen(ROWS[row].fates)};
    memcpy(sum->doubts, ROWS[row].doubts, sizeof sum->doubts);
    return sum->count;
}

static void chosen_windows_are_judged(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(ROWS); row++) {
        struct window_sum sum;
        char fates[WINDOW_DOUBTS_MAX + 1] = "";
        size_t count = row_fill(row, &sum);
        struct window_judgement got = window_judge(&sum);
        for (size_t i = 0; i < count; i++)
            fates[i] = fate_letter(got.fates[i]);
        if (strcmp(fates, ROWS[row].fates) != 0 || got.alarm != ROWS[row].alarm ||
            got.rest != sum.opened - sum.closed - sum.confirmed)
            fail_msg("%s: fates %s alarm %d", ROWS[row].what, fates, got.alarm);
        if (got.learned[0] != (ROWS[row].learned >= 0) || got.cost[0] != (got.learned[0] ? ROWS[row].learned : 0))
            fail_msg("%s: learned %d", ROWS[row].what, got.learned[0]);
    }
}

static void the_largest_windows_are_judged(void **state)
{
    (void)state;
    struct window_sum sum = {.opened = CREDITS_MAX, .count = WINDOW_DOUBTS_MAX};
    for (size_t i = 0; i < WINDOW_DOUBTS_MAX; i++)
        sum.doubts[i] = (struct window_doubt){INT64_C(1) << i, INT64_C(1) << i, false};
    sum.closed = sum.opened - 0xa5c3;
    struct window_judgement got = window_judge(&sum);
    for (size_t i = 0; i < WINDOW_DOUBTS_MAX; i++)
        assert_int_equal(got.fates[i], (0xa5c3 >> i & 1) != 0 ? WINDOW_FATE_DONE : WINDOW_FATE_NOT);

    for (size_t i = 0; i < WINDOW_DOUBTS_MAX; i++)
        sum.doubts[i] = (struct window_doubt){CREDITS_MAX, CREDITS_MAX, false};
    sum.opened = CREDITS_MAX;
    sum.closed = -7 * CREDITS_MAX;
    got = window_judge(&sum);
    assert_false(got.alarm);
    for (size_t i = 0; i < WINDOW_DOUBTS_MAX; i++)
        assert_int_equal(got.fates[i], WINDOW_FATE_UNKNOWN);
}

/* The naive twin: a number in base four names who was done at which cost. */
struct naive {
    int fits;
    int done[WINDOW_DOUBTS_MAX];       /* in how many fits it was done */
    int charged[WINDOW_DOUBTS_MAX];    /* … and at any cost but none */
    int costs[WINDOW_DOUBTS_MAX];      /* 1: every fit that had it done agrees on cost */
    credits_t cost[WINDOW_DOUBTS_MAX]; /* of the last one */
};

/* What a doubt costs in the world of a digit; negative: there is no such world. */
static credits_t naive_cost(const struct window_doubt *doubt, int digit)
{
    if (digit == 0)
        return 0;
    if (digit == 1)
        return doubt->price;
    if (digit == 2)
        return doubt->other_price == doubt->price ? -1 : doubt->other_price;
    return doubt->may_be_free && doubt->price != 0 && doubt->other_price != 0 ? 0 : -1;
}

static void naive_count(const struct window_sum *sum, struct naive *out)
{
    int codes = 1;
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < sum->count; i++)
        codes *= 4;
    for (int code = 0; code < codes; code++) {
        credits_t total = 0;
        bool exists = true;
        for (int i = 0, c = code; i < (int)sum->count; i++, c /= 4) {
            credits_t cost = naive_cost(&sum->doubts[i], c % 4);
            exists = exists && cost >= 0;
            total += cost;
        }
        if (!exists || total != sum->opened - sum->closed - sum->confirmed)
            continue;
        out->fits++;
        for (int i = 0, c = code; i < (int)sum->count; i++, c /= 4) {
            credits_t cost = naive_cost(&sum->doubts[i], c % 4);
            out->done[i] += c % 4 != 0;
            out->charged[i] += cost > 0;
            out->costs[i] += c % 4 != 0 && (out->done[i] == 1 || cost != out->cost[i]);
            out->cost[i] = c % 4 != 0 ? cost : out->cost[i];
        }
    }
}

static uint64_t random_state = 0x9e3779b97f4a7c15u;

static int random_below(int limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (int)(random_state % (uint64_t)limit);
}

/* Small prices collide often; half of the windows fit by construction. */
static void window_draw(struct window_sum *sum)
{
    *sum = (struct window_sum){.opened = random_below(60), .count = (size_t)(1 + random_below(7))};
    credits_t taken = 0;
    for (size_t i = 0; i < sum->count; i++) {
        struct window_doubt *doubt = &sum->doubts[i];
        doubt->price = random_below(6);
        doubt->other_price = random_below(3) == 0 ? random_below(9) : doubt->price;
        doubt->may_be_free = random_below(3) == 0;
        if (random_below(2) == 0)
            taken += random_below(2) == 0 ? doubt->price : doubt->other_price;
    }
    sum->confirmed = random_below(10);
    sum->closed = sum->opened - sum->confirmed - (random_below(2) == 0 ? taken : random_below(40) - 5);
}

static void every_window_agrees_with_the_enumeration(void **state)
{
    (void)state;
    for (int round = 0; round < 4000; round++) {
        struct window_sum sum;
        struct naive naive;
        window_draw(&sum);
        naive_count(&sum, &naive);
        struct window_judgement got = window_judge(&sum);
        assert_int_equal(got.alarm, naive.fits == 0);
        for (size_t i = 0; i < sum.count; i++) {
            bool all = naive.fits > 0 && naive.done[i] == naive.fits;
            bool none = naive.fits > 0 && naive.done[i] == 0;
            bool clear = all && naive.costs[i] == 1;
            bool free = naive.fits > 0 && !all && !none && naive.charged[i] == 0 && sum.doubts[i].may_be_free;
            assert_int_equal(got.fates[i], all    ? WINDOW_FATE_DONE
                                           : none ? WINDOW_FATE_NOT
                                           : free ? WINDOW_FATE_FREE
                                                  : WINDOW_FATE_UNKNOWN);
            assert_int_equal(got.learned[i], clear);
            assert_int_equal(got.cost[i], clear ? naive.cost[i] : 0);
        }
    }
}

static void a_drift_has_a_direction(void **state)
{
    (void)state;
    assert_int_equal(window_drift(0), WINDOW_DRIFT_NONE);
    assert_int_equal(window_drift(-1), WINDOW_DRIFT_RISE);
    assert_int_equal(window_drift(1), WINDOW_DRIFT_FALL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chosen_windows_are_judged),
        cmocka_unit_test(the_largest_windows_are_judged),
        cmocka_unit_test(every_window_agrees_with_the_enumeration),
        cmocka_unit_test(a_drift_has_a_direction),
    };
    return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}
