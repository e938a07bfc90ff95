/* SPDX-License-Identifier: Apache-2.0 */
/* moves: why the model cannot drift away from the product: it is checked with the
 * very table that moves the orders.
 *
 * Prints the states' names and order_state_may as a header for the model, which
 * asserts it at every move; nothing else. */
#include <stdio.h>

#include "order/state.h"

#define NAMED(state) [state] = #state

static const char *const NAMES[ORDER_STATE_COUNT] = {
    NAMED(ORDER_QUEUED),    NAMED(ORDER_BLOCKED),  NAMED(ORDER_HELD),
    NAMED(ORDER_CALLING),   NAMED(ORDER_IN_DOUBT), NAMED(ORDER_NEEDS_REVIEW),
    NAMED(ORDER_SUCCEEDED), NAMED(ORDER_FAILED),   NAMED(ORDER_CANCELLED),
};

static unsigned moves_from(int from)
{
    unsigned moves = 0;
    for (int to = 0; to < ORDER_STATE_COUNT; to++)
        if (order_state_may((enum order_state)from, (enum order_state)to))
            moves |= 1u << to;
    return moves;
}

int main(void)
{
    for (int state = 0; state < ORDER_STATE_COUNT; state++) {
        printf("#define %s %d\n", NAMES[state], state);
        printf("#define MOVES_FROM_%d %u\n", state, moves_from(state));
    }
    printf("#define STATES %d\n#define MOVES(from) (", ORDER_STATE_COUNT);
    for (int state = 0; state < ORDER_STATE_COUNT; state++)
        printf("(from) == %d -> MOVES_FROM_%d : (", state, state);
    printf("0");
    for (int state = 0; state < ORDER_STATE_COUNT; state++)
        printf(")");
    printf(")\n#define MAY(from, to) ((MOVES(from) >> (to)) & 1)\n");
    return 0;
}
