/* SPDX-License-Identifier: Apache-2.0 */
/* http_read: one HTTP/1.1 request off a socket, for bridgectl listen. */
#ifndef CTL_HTTP_READ_H
#define CTL_HTTP_READ_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

#define HTTP_READ_HEAD_MAX ((size_t)16 * 1024)
#define HTTP_READ_BODY_MAX ((size_t)1024 * 1024)

/* Strings live in the arena; head is NUL-terminated and so is the body. */
struct http_read {
    struct arena *arena;
    const char *head; /* request line and headers, with their line ends */
    const char *body;
    size_t body_len;
};

/* 200: read whole.  Another status: what to answer instead.  0: there is nobody to
 * answer.  Blocks for as long as the socket's receive timeout lets it. */
int64_t http_read(int fd, struct arena *arena, struct http_read *request);
/* A header's value without blanks around it; NULL: not there.  The first of several. */
const char *http_read_header(const struct http_read *request, const char *name);

#endif
