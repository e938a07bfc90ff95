/* SPDX-License-Identifier: Apache-2.0 */
/* webhook: POSTs a signed event and reads the short answer; for bridgectl trigger
 * (waiting) and for callbacks to panels (on the worker's loop).
 *
 * https everywhere, plain http to this machine only; no redirects, no proxy.  A
 * guarded one goes to public addresses, and to those that are listed; it may be
 * plain http for the latter. */
#ifndef PROVIDER_WEBHOOK_H
#define PROVIDER_WEBHOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "provider/provider.h"

#define WEBHOOK_ANSWER_MAX (64 * 1024)

/* All pointers are borrowed until the reply. */
struct webhook {
    const char *url;
    const char *ca_file;        /* NULL or "": the system's */
    const char *const *headers; /* "webhook-id: msg_1" …; content type and user agent are set already */
    size_t header_count;
    const char *body;
    size_t body_len;
    int64_t timeout_ms;
    bool guarded;
    const char *const *allow; /* guarded: addresses and prefixes that need not be public */
    size_t allow_count;
};

struct webhook_reply {
    long status;      /* 0: there was no whole answer, problem says why */
    const char *body; /* NUL-terminated, "" when empty */
    size_t body_len;
    const char *location;   /* NULL: none */
    int64_t retry_after_ms; /* -1: not given */
    const char *problem;    /* NULL: an answer arrived whole */
    bool sent;              /* the receiver may have seen it */
};

/* Called exactly once; the reply lives until it returns. */
typedef void webhook_done_fn(void *ctx, const struct webhook_reply *reply);

void webhook_start(struct provider_loop *loop, const struct webhook *webhook, webhook_done_fn *done, void *ctx);
/* Waits for the reply, which is copied into the arena. */
void webhook_post(const struct webhook *webhook, struct arena *arena, struct webhook_reply *reply);

#endif
