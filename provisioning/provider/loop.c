/* SPDX-License-Identifier: Apache-2.0 */
/* Why: one slow upstream call must never hold up another, and the worker sleeps
 * in one place only, with PostgreSQL's descriptors among libcurl's.
 *
 * Owns the multi handle, the cache of TLS sessions (paid calls open a fresh
 * connection each time, and resuming a session saves most of the handshake) and
 * the transfers, running and spare.  Never reads an answer, never retries.
 * A crash drops the connections; whoever started the calls finds them in the
 * database. */
#include <assert.h>
#include <poll.h>
#include <stdlib.h>

#include "base/arena.h"
#include "provider/loop.h"
#include "provider/zone.h"

#define WAITS_MAX        16
#define SPARE_MAX        16 /* handles kept for the next calls */
#define CONNECTIONS_KEPT 64

struct running {
    struct running *next;
    struct running *before;
    struct http_transfer *transfer;
    transfer_done_fn *done;
    void *ctx;
};

struct provider_loop {
    CURLM *multi;
    CURLSH *share;
    struct running *first;
    size_t count;
    struct http_transfer *spare[SPARE_MAX];
    size_t spare_count;
};

static void running_link(struct provider_loop *loop, struct running *running)
{
    running->next = loop->first;
    if (loop->first != NULL)
        loop->first->before = running;
    loop->first = running;
    loop->count++;
}

static void running_unlink(struct provider_loop *loop, struct running *running)
{
    if (running->before != NULL)
        running->before->next = running->next;
    else
        loop->first = running->next;
    if (running->next != NULL)
        running->next->before = running->before;
    assert(loop->first != running); /* who loops until first is NULL relies on it */
    loop->count--;
}

static struct http_transfer *spare_take(struct provider_loop *loop)
{
    return loop->spare_count > 0 ? loop->spare[--loop->spare_count] : http_transfer_new();
}

static void spare_put(struct provider_loop *loop, struct http_transfer *transfer)
{
    http_transfer_reset(transfer);
    if (loop->spare_count < SPARE_MAX)
        loop->spare[loop->spare_count++] = transfer;
    else
        http_transfer_free(&transfer);
}

void loop_start(struct provider_loop *loop, const struct http_request *request, transfer_done_fn *done, void *ctx)
{
    struct running *running = heap_alloc(sizeof *running);
    CURLMcode code;

    *running = (struct running){.transfer = spare_take(loop), .done = done, .ctx = ctx};
    http_transfer_prepare(running->transfer, request, loop->share);
    curl_easy_setopt(http_transfer_easy(running->transfer), CURLOPT_PRIVATE, running);
    running_link(loop, running);
    code = curl_multi_add_handle(loop->multi, http_transfer_easy(running->transfer));
    assert(code == CURLM_OK);
}

/* The entry leaves every list before it is reported, so that what is reported to
 * may start the next call. */
static void running_finish(struct provider_loop *loop, struct running *running, CURLcode result, bool stopped)
{
    struct observation seen;
    CURLMcode code = curl_multi_remove_handle(loop->multi, http_transfer_easy(running->transfer));

    assert(code == CURLM_OK);
    running_unlink(loop, running);
    http_transfer_observe(running->transfer, result, stopped, &seen);
    running->done(running->ctx, running->transfer, &seen);
    spare_put(loop, running->transfer);
    free(running);
}

static void loop_run(struct provider_loop *loop)
{
    int left;
    CURLMsg *message;
    struct running *running = NULL;
    CURLMcode code = curl_multi_perform(loop->multi, &left);

    assert(code == CURLM_OK);
    while ((message = curl_multi_info_read(loop->multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &running);
        running_finish(loop, running, message->data.result, false);
    }
}

void provider_loop_step(struct provider_loop *loop, struct loop_wait *waits, size_t count, int timeout_ms)
{
    struct curl_waitfd fds[WAITS_MAX];
    CURLMcode code;

    assert(count <= WAITS_MAX);
    for (size_t i = 0; i < count; i++) {
        fds[i] = (struct curl_waitfd){.fd = waits[i].fd};
        fds[i].events = (short)(((waits[i].events & POLLIN) != 0 ? CURL_WAIT_POLLIN : 0) |
                                ((waits[i].events & POLLOUT) != 0 ? CURL_WAIT_POLLOUT : 0));
    }
    code = curl_multi_poll(loop->multi, fds, (unsigned int)count, timeout_ms, NULL);
    assert(code == CURLM_OK);
    for (size_t i = 0; i < count; i++)
        waits[i].revents = (short)(((fds[i].revents & CURL_WAIT_POLLIN) != 0 ? POLLIN : 0) |
                                   ((fds[i].revents & CURL_WAIT_POLLOUT) != 0 ? POLLOUT : 0));
    loop_run(loop);
}

void provider_loop_wake(struct provider_loop *loop)
{
    curl_multi_wakeup(loop->multi);
}

size_t provider_loop_running(const struct provider_loop *loop)
{
    return loop->count;
}

struct provider_loop *provider_loop_open(void)
{
    struct provider_loop *loop = heap_alloc(sizeof *loop);
    CURLcode code;
    CURLSHcode share_code;

    zone_prepare(); /* before libcurl starts threads that read the environment */
    code = curl_global_init(CURL_GLOBAL_DEFAULT);
    assert(code == CURLE_OK);
    loop->multi = curl_multi_init();
    loop->share = curl_share_init();
    assert(loop->multi != NULL && loop->share != NULL);
    share_code = curl_share_setopt(loop->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    assert(share_code == CURLSHE_OK);
    curl_multi_setopt(loop->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT);
    return loop;
}

void provider_loop_close(struct provider_loop **loop)
{
    struct provider_loop *old = *loop;

    /* No last run of the transfers: it could still carry one past the point of
     * no return. */
    while (old->first != NULL)
        running_finish(old, old->first, CURLE_ABORTED_BY_CALLBACK, true);
    while (old->spare_count > 0)
        http_transfer_free(&old->spare[--old->spare_count]);
    curl_multi_cleanup(old->multi);
    curl_share_cleanup(old->share);
    curl_global_cleanup();
    free(old);
    *loop = NULL;
}
