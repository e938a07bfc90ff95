/* SPDX-License-Identifier: Apache-2.0 */
/* Why: events are posted by people (bridgectl trigger) and to panels (callbacks)
 * under the same rules of transport as upstream calls, but without their token,
 * fence and verdict: a receiver drops what it has seen before, so a lost answer
 * is simply posted again.
 *
 * Owns nothing past the reply; keeps no queue.  A crash loses the post, not the
 * event, which its owner stores. */
#include "provider/webhook.h"

#include <stdlib.h>
#include <strings.h>

#include "provider/loop.h"

#define WAIT_STEP_MS 1000

struct posting {
    webhook_done_fn *done;
    void *ctx;
};

static void posting_finished(void *ctx, struct http_transfer *transfer, const struct observation *seen)
{
    struct posting *posting = ctx;
    struct webhook_reply reply = {
        .body = seen->body,
        .body_len = seen->body_len,
        .location = http_transfer_header(transfer, "Location"),
        .retry_after_ms = seen->retry_after_ms,
        .sent = seen->passed,
    };

    if (seen->body_cut)
        reply.problem = "the answer is longer than 64 KiB";
    else if (seen->end == CALL_END_STOPPED)
        reply.problem = "the program was stopping";
    else if (seen->end != CALL_END_WHOLE)
        reply.problem = seen->curl_text;
    else
        reply.status = seen->status;
    posting->done(posting->ctx, &reply);
    free(posting);
}

static bool url_is_plain(const char *url)
{
    return strncasecmp(url, "http:", 5) == 0;
}

void webhook_start(struct provider_loop *loop, const struct webhook *webhook, webhook_done_fn *done, void *ctx)
{
    struct posting *posting;
    struct http_guard guard = {webhook->allow, webhook->allow_count, url_is_plain(webhook->url)};
    struct http_request request = {
        .url = webhook->url,
        .body = webhook->body,
        .body_len = webhook->body_len,
        .resend = true, /* the receiver knows the id */
        /* A connection that another request has left open was not asked where it leads. */
        .once = webhook->guarded,
        .plain = webhook->guarded || http_url_is_local(webhook->url),
        .guard = webhook->guarded ? &guard : NULL,
        .headers = webhook->headers,
        .header_count = webhook->header_count,
        .ca_file = webhook->ca_file,
        .timeout_ms = webhook->timeout_ms,
        .answer_max = WEBHOOK_ANSWER_MAX,
    };

    posting = heap_alloc(sizeof *posting);
    *posting = (struct posting){.done = done, .ctx = ctx};
    loop_start(loop, &request, posting_finished, posting);
}

struct waiting {
    struct arena *arena;
    struct webhook_reply *reply;
};

static void waiting_finished(void *ctx, const struct webhook_reply *reply)
{
    struct waiting *waiting = ctx;

    *waiting->reply = *reply;
    waiting->reply->body = arena_strndup(waiting->arena, reply->body, reply->body_len);
    waiting->reply->location = arena_strdup(waiting->arena, reply->location);
    waiting->reply->problem = arena_strdup(waiting->arena, reply->problem);
}

void webhook_post(const struct webhook *webhook, struct arena *arena, struct webhook_reply *reply)
{
    struct waiting waiting = {.arena = arena, .reply = reply};
    struct provider_loop *loop = provider_loop_open();

    webhook_start(loop, webhook, waiting_finished, &waiting);
    while (provider_loop_running(loop) > 0)
        provider_loop_step(loop, NULL, 0, WAIT_STEP_MS);
    provider_loop_close(&loop);
}
