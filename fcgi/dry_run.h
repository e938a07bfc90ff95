/* SPDX-License-Identifier: Apache-2.0 */
/* dry_run: answers what an order would do, from the configuration and the
 * price list alone.  Stores nothing: no order, no delivery id, no key. */
#ifndef FCGI_DRY_RUN_H
#define FCGI_DRY_RUN_H

#include "fcgi/request.h"

/* order has passed request_check; both live as long as the request. */
void dry_run_serve(struct request *request, const struct config_source *source, const struct order_request *order);

#endif
