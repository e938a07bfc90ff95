/* SPDX-License-Identifier: Apache-2.0 */
/* catalogue: what the providers sell, and what they say of themselves, read again
 * every so often by whichever worker comes first. */
#ifndef DISPATCH_CATALOGUE_H
#define DISPATCH_CATALOGUE_H

#include "dispatch/worker.h"

/* Reads what is due.  Returns at once. */
void catalogue_step(struct worker *worker);

#endif
