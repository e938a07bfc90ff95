/* SPDX-License-Identifier: Apache-2.0 */
/* http: one request on one libcurl easy handle, and what was seen of it.
 *
 * Private to this room.  Says nothing about what an answer means. */
#ifndef PROVIDER_HTTP_H
#define PROVIDER_HTTP_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/secret.h"
#include "provider/provider.h"

#define HTTP_CONNECT_MAX_MS 10000
/* No upstream keeps us waiting longer than this by its Retry-After. */
#define HTTP_RETRY_AFTER_MAX_MS (INT64_C(24) * 60 * 60 * 1000)

/* Which addresses a request may go to.  Asked of the address itself, right before
 * the connection is opened, so that a name cannot mean another one meanwhile. */
struct http_guard {
    const char *const *allow; /* addresses and prefixes that need not be public */
    size_t allow_count;
    bool allowed_alone; /* public ones may not be used either */
};

/* All pointers are borrowed until the transfer is over. */
struct http_request {
    const char *url; /* https, or http too when plain is set */
    const char *body;
    size_t body_len;
    bool get;                       /* without a body; otherwise POST */
    bool once;                      /* a fresh connection that is never used again */
    bool resend;                    /* libcurl may send it again by itself when a kept connection dies: reads only */
    bool plain;                     /* for webhooks */
    const struct http_guard *guard; /* NULL: any address */
    const struct secret *bearer;    /* NULL or empty: no Authorization header */
    const char *const *headers;     /* further "Name: value" lines */
    size_t header_count;
    const char *ca_file; /* NULL or "": the system's */
    int64_t timeout_ms;
    size_t answer_max; /* bytes of the answer that are read */
    call_fence_fn *fence;
    void *fence_ctx;
};

struct http_transfer;

struct http_transfer *http_transfer_new(void);
void http_transfer_free(struct http_transfer **transfer);
/* Makes the handle ready for one request; the shared cache may be NULL. */
void http_transfer_prepare(struct http_transfer *transfer, const struct http_request *request, CURLSH *share);
CURL *http_transfer_easy(struct http_transfer *transfer);
/* What was seen, with the token masked, after the handle has left its multi handle; points into the
 * transfer, which keeps it until the next prepare, reset or free. */
void http_transfer_observe(struct http_transfer *transfer, CURLcode code, bool stopped, struct observation *seen);
/* A header of the last answer; NULL.  Valid like an observation. */
const char *http_transfer_header(struct http_transfer *transfer, const char *name);
/* Forgets request and answer, wipes the token. */
void http_transfer_reset(struct http_transfer *transfer);

/* Retry-After: seconds or an HTTP date; -1 when it is neither. */
int64_t http_retry_after_ms(const char *value, int64_t wall_ms);
/* Whether the URL's host is 127.0.0.1, ::1 or localhost. */
bool http_url_is_local(const char *url);

#endif
