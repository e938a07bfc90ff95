/* SPDX-License-Identifier: Apache-2.0 */
/* The breaker's life told as rows: what happens, when, and what it allows then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dispatch/breaker.h"

enum act { START, ANSWERED, FAILED, THROTTLED, NOTHING, LOOK };

struct row {
    const char *what;
    int64_t at_ms;
    enum act act;
    int64_t rest_ms; /* of THROTTLED */
    int allowed;     /* of 10 wanted, afterwards */
};

static void run(const struct row *rows, size_t count)
{
    struct breaker breaker = {0};
    for (size_t i = 0; i < count; i++) {
        const struct row *row = &rows[i];
        if (row->act == START)
            breaker_started(&breaker);
        else if (row->act == ANSWERED)
            breaker_ended(&breaker, BREAKER_ANSWERED, row->at_ms, 0, 3000);
        else if (row->act == FAILED)
            breaker_ended(&breaker, BREAKER_FAILED, row->at_ms, 0, 3000);
        else if (row->act == THROTTLED)
            breaker_ended(&breaker, BREAKER_THROTTLED, row->at_ms, row->rest_ms, 3000);
        else if (row->act == NOTHING)
            breaker_ended(&breaker, BREAKER_NOTHING, row->at_ms, 0, 3000);
        int allowed = breaker_allows(&breaker, row->at_ms, 10);
        if (allowed != row->allowed)
            fail_msg("row %zu (%s): allows %d, not %d", i, row->what, allowed, row->allowed);
    }
}
#define RUN(rows) run(rows, sizeof(rows) / sizeof((rows)[0]))

static void test_opens_and_probes(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"fresh", 0, LOOK, 0, 10},
        {"first failure", 10, FAILED, 0, 10},
        {"second", 10, FAILED, 0, 10},
        {"third", 10, FAILED, 0, 10},
        {"fourth", 10, FAILED, 0, 10},
        {"fifth opens", 10, FAILED, 0, 0},
        {"a late one of the same burst does not lengthen the rest", 500, FAILED, 0, 0},
        {"still resting", 1009, LOOK, 0, 0},
        {"one probe", 1010, LOOK, 0, 1},
        {"no second probe beside it", 1010, START, 0, 0},
        {"the probe fails: twice the rest", 1100, FAILED, 0, 0},
        {"resting", 3099, LOOK, 0, 0},
        {"probe again", 3100, START, 0, 0},
        {"fails: the rest meets its cap", 3200, FAILED, 0, 0},
        {"resting", 6199, LOOK, 0, 0},
        {"probe", 6200, START, 0, 0},
        {"it ended by our own doing: another one", 6250, NOTHING, 0, 1},
        {"probe", 6260, START, 0, 0},
        {"answered: open to all", 6300, ANSWERED, 0, 10},
    };
    RUN(rows);
}

static void test_an_answer_forgets_failures(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"1", 0, FAILED, 0, 10},    {"2", 0, FAILED, 0, 10}, {"3", 0, FAILED, 0, 10}, {"4", 0, FAILED, 0, 10},
        {"ok", 1, ANSWERED, 0, 10}, {"1", 2, FAILED, 0, 10}, {"2", 2, FAILED, 0, 10},
    };
    RUN(rows);
}

static void test_throttled_rests_without_counting(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"429", 0, THROTTLED, 700, 0},
        {"resting", 699, LOOK, 0, 0},
        {"all again", 700, LOOK, 0, 10},
        {"429", 800, THROTTLED, 500, 0},
        {"a shorter one", 900, THROTTLED, 10, 0},
        {"the longer rest counts", 1299, LOOK, 0, 0},
        {"over", 1300, LOOK, 0, 10},
    };
    RUN(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opens_and_probes),
        cmocka_unit_test(test_an_answer_forgets_failures),
        cmocka_unit_test(test_throttled_rests_without_counting),
    };
    return cmocka_run_group_tests_name("breaker", tests, NULL, NULL);
}
