/* SPDX-License-Identifier: Apache-2.0 */
/* Every pair of states against a drawing of the table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "order/state.h"

/* Columns in the order of the enum: queued, blocked, held, calling, in_doubt,
 * needs_review, succeeded, failed, cancelled. */
static const char *const MOVES[ORDER_STATE_COUNT] = {
    [ORDER_QUEUED] = ".xxx...xx",    [ORDER_BLOCKED] = "x.x....xx",  [ORDER_HELD] = "xx.....xx",
    [ORDER_CALLING] = "x.x.xxxx.",   [ORDER_IN_DOUBT] = "x....xx..", [ORDER_NEEDS_REVIEW] = "x.....xx.",
    [ORDER_SUCCEEDED] = ".........", [ORDER_FAILED] = ".........",   [ORDER_CANCELLED] = ".........",
};

static void every_pair_is_as_drawn(void **unused)
{
    (void)unused;
    for (int from = 0; from < ORDER_STATE_COUNT; from++) {
        assert_int_equal(strlen(MOVES[from]), ORDER_STATE_COUNT);
        for (int to = 0; to < ORDER_STATE_COUNT; to++) {
            bool may = order_state_may((enum order_state)from, (enum order_state)to);
            if (may != (MOVES[from][to] == 'x'))
                fail_msg("%s -> %s is %s", order_state_word((enum order_state)from),
                         order_state_word((enum order_state)to), may ? "allowed" : "forbidden");
        }
    }
}

static void nothing_leaves_a_finished_state(void **unused)
{
    (void)unused;
    for (int from = 0; from < ORDER_STATE_COUNT; from++) {
        bool leaves = false;
        for (int to = 0; to < ORDER_STATE_COUNT; to++)
            leaves = leaves || order_state_may((enum order_state)from, (enum order_state)to);
        assert_int_equal(leaves, !order_state_finished((enum order_state)from));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_is_as_drawn),
        cmocka_unit_test(nothing_leaves_a_finished_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
