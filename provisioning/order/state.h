/* SPDX-License-Identifier: Apache-2.0 */
/* state: which moves between order states exist.
 *
 * The table here and the rows of bridge.order_move in SQL say the same; a test
 * compares them.  A move that is not in the table is a mistake of ours. */
#ifndef ORDER_STATE_H
#define ORDER_STATE_H

#include <stdbool.h>

#include "order/words.h"

bool order_state_may(enum order_state from, enum order_state to);

#endif
