/* SPDX-License-Identifier: Apache-2.0 */
/* probe: the harmless call that may find what a doubtful purchase was to bring
 * about (rule R7 of docs/money.md).
 *
 * Only what is there proves something; that nothing is found proves nothing. */
#ifndef DISPATCH_PROBE_H
#define DISPATCH_PROBE_H

#include "dispatch/worker.h"
#include "store/window.h"

enum probe_end {
    PROBE_FOUND,      /* the order has been moved on; the account's version has risen */
    PROBE_NOTHING,    /* answered, and it proves nothing */
    PROBE_UNANSWERED, /* no usable answer */
    PROBE_TAKEN,      /* another worker is at it, or the order has been settled */
    PROBE_FAILED,     /* a statement failed */
};

/* Called once.  ctx is what probe_start was given. */
typedef void probe_done_fn(void *ctx, enum probe_end end);

/* Asks for one order: takes its line, calls, writes down what was found.  doubt
 * is copied. */
void probe_start(struct account_state *account, const struct window_doubt_row *doubt, probe_done_fn *done, void *ctx);

/* What tray_probes found: one probe for each row, beside whatever the windows do. */
void probe_tray(struct worker *worker, const struct rows *rows);

#endif
