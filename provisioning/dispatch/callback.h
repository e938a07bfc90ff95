/* SPDX-License-Identifier: Apache-2.0 */
/* callback: sends signed notices to the panels, beside the orders.
 *
 * On a database session of its own and with room of its own, so that neither a
 * flood of notices nor a receiver that hangs delays an order. */
#ifndef DISPATCH_CALLBACK_H
#define DISPATCH_CALLBACK_H

#include "dispatch/worker.h"

/* Asks for ripe notices when it is time to, and starts them. */
void callback_step(struct worker *worker);
/* Milliseconds until callback_step has something to do. */
int64_t callback_wait(const struct worker *worker);
/* A notice may just have been queued. */
void callback_look_again(struct worker *worker);
/* Notices that are on their way, or being asked for. */
bool callback_busy(const struct worker *worker);

#endif
