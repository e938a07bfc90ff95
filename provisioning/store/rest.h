/* SPDX-License-Identifier: Apache-2.0 */
/* rest: which of the orders that panels wait for are at rest. */
#ifndef STORE_REST_H
#define STORE_REST_H

#include <stddef.h>
#include <stdint.h>

#include "store/session.h"

/* The words live during the callback. */
struct order_rest {
    int64_t order_id;
    const char *state;
    const char *reason; /* NULL: none */
};

typedef void orders_rest_fn(void *ctx, enum rows_status status, const struct order_rest *orders, size_t count);
/* Of the orders given, those that are at rest (ended, held or in review), and
 * those of `due` whatever their state.  Both arrays are borrowed until return;
 * the answer comes once, with nothing in it when status is not ROWS_OK. */
void orders_rest(struct session *session, const int64_t *ids, size_t count, const int64_t *due, size_t due_count,
                 int64_t timeout_ms, orders_rest_fn *done, void *ctx);

#endif
