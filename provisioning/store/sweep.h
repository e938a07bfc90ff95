/* SPDX-License-Identifier: Apache-2.0 */
/* sweep: licenses that are verified without being asked to. */
#ifndef STORE_SWEEP_H
#define STORE_SWEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "order/plan.h"
#include "store/budget.h"

struct sweep_license {
    int64_t license_id;
    int64_t epoch; /* of its line when it was taken */
};

struct sweep_result {
    struct sweep_license license;
    const char *code; /* the answer's */
    const char *reason;
    int64_t expires_ms;   /* INT64_MIN: not told */
    int64_t activated_ms; /* likewise */
};

/* At most `most` licenses that were not looked at for every_ms; limit NULL: the
 * call has no budget. */
void sweep_take(struct session *session, const struct rations *rations, const struct config_limit *limit, int most,
                int64_t every_ms, session_done_fn *done, void *ctx);
/* A row of sweep_take; what plan needs, borrowed from the rows.  false: a word
 * that this program does not know. */
bool sweep_read(const struct rows *rows, int row, struct sweep_license *license, struct plan_input *plan);
void sweep_end(struct session *session, const struct sweep_result *result, int64_t every_ms, session_done_fn *done,
               void *ctx);

#endif
