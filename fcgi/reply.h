/* SPDX-License-Identifier: Apache-2.0 */
/* reply: answers a request, exactly once; the request is not ours any more
 * afterwards.
 *
 * Errors are problem documents (RFC 9457) with the member "field" where one
 * field is at fault.  An answer never repeats header values or secrets. */
#ifndef FCGI_REPLY_H
#define FCGI_REPLY_H

#include <jansson.h>

#include "fcgi/request.h"

#define REPLY_RETRY_AFTER_S 2 /* for 503: a failover or a restart is over soon */

/* body is taken over; location may be NULL. */
void reply_json(struct request *request, int status, const char *location, json_t *body);
/* 200 with an ETag of the text, or 304 where the client has that already; next
 * goes into X-Next, NULL: none. */
void reply_text(struct request *request, const char *type, const char *next, const char *text, size_t len);
/* The same for JSON; body is taken over. */
void reply_page(struct request *request, json_t *body);
/* 409 with further members, which are taken over. */
void reply_conflict(struct request *request, const char *text, json_t *more);
/* text is what went wrong, for people; 401 and 503 get their headers. */
void reply_problem(struct request *request, const struct problem *problem);
/* 405: allow is the list of methods that exist. */
void reply_method(struct request *request, const char *allow);
/* 503 with Retry-After: nothing was stored. */
void reply_unavailable(struct request *request, const char *text);

#endif
