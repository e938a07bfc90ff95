/* SPDX-License-Identifier: Apache-2.0 */
/* caller: which source asks, when a panel reads instead of ordering.
 *
 * Such a request has no body: the signature is over id.timestamp.path, the path
 * as sent, without the query.  What a source may see is its own, nothing else. */
#ifndef FCGI_CALLER_H
#define FCGI_CALLER_H

#include "base/config.h"
#include "fcgi/front.h"

/* NULL and a *problem (400 or 401) when the request is signed by nobody. */
const struct config_source *caller_source(struct front *front, struct request *request, struct problem *problem);

#endif
