/* SPDX-License-Identifier: Apache-2.0 */
/* upstream: one read at a provider, waited for.  Nothing that is asked here costs
 * credits or changes anything. */
#ifndef CTL_UPSTREAM_H
#define CTL_UPSTREAM_H

#include <stdbool.h>

#include "provider/provider.h"

/* Whether the account's provider offers the call. */
bool upstream_offers(const struct config_account *account, enum call_name name);
/* done is called once before this returns; the call must be a read. */
void upstream_ask(const struct config_account *account, enum call_name name, call_done_fn *done, void *ctx);

#endif
