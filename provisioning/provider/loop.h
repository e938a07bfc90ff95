/* SPDX-License-Identifier: Apache-2.0 */
/* loop: transfers that run at the same time on one multi handle.
 *
 * Private to this room; the outside of it stands in provider.h. */
#ifndef PROVIDER_LOOP_H
#define PROVIDER_LOOP_H

#include "provider/http.h"
#include "provider/provider.h"

/* Called exactly once per started transfer; both arguments live until it
 * returns. */
typedef void transfer_done_fn(void *ctx, struct http_transfer *transfer, const struct observation *seen);

/* Starts; what the request points to is borrowed until done. */
void loop_start(struct provider_loop *loop, const struct http_request *request, transfer_done_fn *done, void *ctx);

#endif
