/* SPDX-License-Identifier: Apache-2.0 */
/* spend: the way of a paid order to its call: claim under the account's lane,
 * price, guard, balance, intent, call.  One at a time per account. */
#ifndef DISPATCH_SPEND_H
#define DISPATCH_SPEND_H

#include "dispatch/worker.h"

/* Claims and carries out the account's next paid order, if there is one and
 * nothing is being spent already. */
void spend_start(struct account_state *account);

#endif
