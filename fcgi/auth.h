/* SPDX-License-Identifier: Apache-2.0 */
/* auth: whether a signed request comes from whom it says.
 *
 * Works on headers and raw bytes alone, before anything is parsed; every
 * comparison with a secret takes the same time whatever it finds. */
#ifndef FCGI_AUTH_H
#define FCGI_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/config.h"
#include "fcgi/request.h"

#define AUTH_ID_MAX        128
#define AUTH_SIGNATURE_MAX 2048

/* The header is there, once; name is how the problem calls it. */
bool auth_header_once(struct request *request, enum head head, const char *name, struct problem *problem);
/* The webhook headers, each there once and well-formed, the time within the
 * tolerance of now_s; false fills *problem (400 or 401). */
bool auth_headers_check(struct request *request, int64_t now_s, struct problem *problem);
/* The webhook signature over body, by any of the source's secrets.  Call only
 * after auth_headers_check. */
bool auth_signature_ok(const struct request *request, const struct config_source *source, const void *body,
                       size_t body_len);
/* The token of "Authorization: Bearer TOKEN"; NULL: none. */
const char *auth_bearer(const struct request *request);

/* 1 to AUTH_ID_MAX printable ASCII characters, no dot, no space. */
bool auth_id_ok(const char *id);
/* "v1,base64", one or more with a space between; other versions may stand among
 * them.  Anything else, a comma joining two headers included, is refused. */
bool auth_signature_form_ok(const char *header);

#endif
