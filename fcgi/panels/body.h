/* SPDX-License-Identifier: Apache-2.0 */
/* body: bytes to a JSON tree, as strictly for every format: valid UTF-8, no NUL,
 * no name twice, at most BODY_DEPTH levels, nothing behind the end. */
#ifndef FCGI_PANELS_BODY_H
#define FCGI_PANELS_BODY_H

#include <jansson.h>
#include <stddef.h>

#include "base/arena.h"
#include "order/request.h"

#define BODY_DEPTH 16

/* The caller's reference; NULL fills *problem (400) and quotes nothing. */
json_t *body_parse(const void *body, size_t len, struct arena *arena, struct problem *problem);

#endif
