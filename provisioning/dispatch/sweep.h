/* SPDX-License-Identifier: Apache-2.0 */
/* sweep: asks the providers now and then whether the licenses that were sold are
 * valid, with the calls that the orders leave over. */
#ifndef DISPATCH_SWEEP_H
#define DISPATCH_SWEEP_H

#include "dispatch/worker.h"

/* Starts what is due.  Returns at once. */
void sweep_step(struct worker *worker);

#endif
