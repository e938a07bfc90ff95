/* SPDX-License-Identifier: Apache-2.0 */
/* spend: the way of a paid order to its call inside the open window: claim, price,
 * guards, intent, call. */
#ifndef DISPATCH_SPEND_H
#define DISPATCH_SPEND_H

#include "dispatch/worker.h"

/* Claims and carries out up to limit paid orders of the account. */
void spend_claim(struct account_state *account, int limit);

#endif
