/* SPDX-License-Identifier: Apache-2.0 */
/* state: why one table: an order that moves in a way nobody thought of is how a
 * licence gets bought twice, so every move that exists is written down here.
 *
 * Owns the table and nothing else; moving is the database's business.  Never
 * changes an order; a crash leaves nothing behind. */
#include "order/state.h"

#include <assert.h>

#define TO(state) (1u << (state))

/* A missing bit is forbidden.  Nothing leads to cancelled from calling, in_doubt
 * and needs_review: there the upstream may have acted already. */
static const unsigned MOVES[ORDER_STATE_COUNT] = {
    [ORDER_QUEUED] = TO(ORDER_CALLING) | TO(ORDER_BLOCKED) | TO(ORDER_HELD) | TO(ORDER_FAILED) | TO(ORDER_CANCELLED),
    [ORDER_BLOCKED] = TO(ORDER_QUEUED) | TO(ORDER_HELD) | TO(ORDER_FAILED) | TO(ORDER_CANCELLED),
    [ORDER_HELD] = TO(ORDER_QUEUED) | TO(ORDER_BLOCKED) | TO(ORDER_FAILED) | TO(ORDER_CANCELLED),
    [ORDER_CALLING] = TO(ORDER_SUCCEEDED) | TO(ORDER_FAILED) | TO(ORDER_QUEUED) | TO(ORDER_HELD) | TO(ORDER_IN_DOUBT) |
                      TO(ORDER_NEEDS_REVIEW),
    [ORDER_IN_DOUBT] = TO(ORDER_SUCCEEDED) | TO(ORDER_QUEUED) | TO(ORDER_NEEDS_REVIEW),
    [ORDER_NEEDS_REVIEW] = TO(ORDER_SUCCEEDED) | TO(ORDER_FAILED) | TO(ORDER_QUEUED),
};

bool order_state_may(enum order_state from, enum order_state to)
{
    assert((unsigned)from < ORDER_STATE_COUNT && (unsigned)to < ORDER_STATE_COUNT);
    return (MOVES[from] & TO(to)) != 0;
}
