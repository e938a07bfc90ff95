/* SPDX-License-Identifier: Apache-2.0 */
/* budget: how many calls an endpoint still takes, kept in the database for all
 * hosts behind one address. */
#ifndef STORE_BUDGET_H
#define STORE_BUDGET_H

#include <stddef.h>
#include <stdint.h>

#include "base/config.h"
#include "order/words.h"
#include "store/session.h"

/* One type of repeatable order and the budget that its call is made from. */
struct ration {
    enum order_type type;
    const struct config_limit *limit; /* NULL: none */
};

/* The rations of an account, the more urgent first, and by which name its hosts
 * go out; all borrowed. */
struct rations {
    const char *account;
    const char *egress;
    size_t count;
    struct ration list[ORDER_TYPE_COUNT];
};

/* Leases and begins repeatable work of a rationed account.  Rows as of work_claim
 * with `probe`; a row whose order_id is null has wait_ms: when a spent budget has
 * a call again. */
void budget_claim(struct session *session, const char *worker, const struct rations *rations, int limit,
                  int64_t lease_ms, session_done_fn *done, void *ctx);

struct budget_want {
    const struct config_limit *limit;
    int calls;
    int reserve;      /* left to others; above 0 also nothing while orders wait for the endpoint */
    int64_t probe_ms; /* how long the answer of a probe is waited for */
};

/* One row: granted, probe, wait_ms. */
void budget_take(struct session *session, const struct rations *rations, const struct budget_want *want,
                 session_done_fn *done, void *ctx);
/* The provider asked for fewer calls.  retry_after_ms below 0: it did not say until when. */
void budget_cool(struct session *session, const struct rations *rations, const struct config_limit *limit,
                 int64_t retry_after_ms, int64_t elapsed_ms, session_done_fn *done, void *ctx);
/* Adds the types that are carried out under the limit, as one array. */
void params_rations(struct params *params, const struct rations *rations, const struct config_limit *limit);
/* It answers again. */
void budget_ease(struct session *session, const struct rations *rations, const struct config_limit *limit);

#endif
