/* SPDX-License-Identifier: Apache-2.0 */
/* window: moves an account's spending window on: read, open, claim, close, probe,
 * settle (rules R1 to R9 of docs/money.md).
 *
 * No worker owns a window: each step is one transaction that names the version
 * at which this worker looked, and does nothing where another was quicker. */
#ifndef DISPATCH_WINDOW_H
#define DISPATCH_WINDOW_H

#include "dispatch/worker.h"

#define WINDOW_CALLS_MAX 100             /* calls begun in one window */
#define WINDOW_SPAN_MS   (5 * 60 * 1000) /* and how long it takes more */
#define WINDOW_IDLE_MS   1000            /* an open window without work is settled */

/* Looks at the account's window and takes its next step, unless one is being
 * taken already. */
void window_step(struct account_state *account);

#endif
