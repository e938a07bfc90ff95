/* SPDX-License-Identifier: Apache-2.0 */
/* errand: one harmless read at a provider beside the orders. */
#ifndef DISPATCH_ERRAND_H
#define DISPATCH_ERRAND_H

#include "dispatch/worker.h"

/* The breaker has been told already; account may be configured no more. */
typedef void errand_done_fn(struct account_state *account, void *ctx, const struct answer *answer);

/* Whether the account is one that may be asked for a read now. */
bool errand_possible(const struct account_state *account);
/* done is called once, ctx is its own to free. */
void errand_start(struct account_state *account, const struct call *call, errand_done_fn *done, void *ctx);

#endif
