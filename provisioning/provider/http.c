/* SPDX-License-Identifier: Apache-2.0 */
/* Why: every option that keeps a request from being sent twice, sent elsewhere or
 * read as text stands in one file, and so does the point of no return.
 *
 * libcurl calls request_begins() after connect and TLS and before the first byte
 * of a request.  "It never ran" proves that nothing was sent.  The first time it
 * runs the fence; the second time it aborts whatever is not a mere read, because
 * libcurl sends a POST again by itself when a kept connection dies without an
 * answer.
 *
 * Owns the easy handle, the header list with the token (wiped when the transfer
 * is over) and the answer's bytes.  Never follows a redirect, never uses a proxy,
 * never decides what an answer means.  A crash leaves nothing here to clean up. */
#include "provider/http.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/text.h"
#include "provider/address.h"
#include "provider/mask.h"

/* Also the longest token with its header's name. */
#define HEADER_LINE_MAX (SECRET_MAX + 64)
/* Shorter than servers keep idle connections, so that one rarely dies under a request. */
#define KEPT_MAX_S 4L

struct http_transfer {
    CURL *easy;
    struct curl_slist *headers;
    struct text body;
    char error[CURL_ERROR_SIZE];
    bool resend;
    bool passed;
    bool passed_twice;
    bool fenced;
    call_fence_fn *fence;
    void *fence_ctx;
    const struct secret *bearer;
    struct http_guard guard;
    char barred[INET6_ADDRSTRLEN]; /* the first address that the guard refused */
    int64_t started_ms;
};

static int request_begins(void *ctx, char *peer, char *local, int peer_port, int local_port)
{
    struct http_transfer *transfer = ctx;

    (void)peer, (void)local, (void)peer_port, (void)local_port;
    if (transfer->passed) {
        /* A kept connection died and libcurl is about to send again.  One attempt
         * is one request, or what the second one is answered would be taken for
         * what became of the first; reads alone have nothing to lose. */
        if (transfer->resend)
            return CURL_PREREQFUNC_OK;
        transfer->passed_twice = true;
        return CURL_PREREQFUNC_ABORT;
    }
    if (transfer->fenced || (transfer->fence != NULL && !transfer->fence(transfer->fence_ctx))) {
        transfer->fenced = true;
        return CURL_PREREQFUNC_ABORT;
    }
    transfer->passed = true;
    return CURL_PREREQFUNC_OK;
}

static curl_socket_t socket_opens(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct http_transfer *transfer = ctx;
    const struct http_guard *guard = &transfer->guard;
    char text[INET6_ADDRSTRLEN];

    (void)purpose;
    address_text(&address->addr, text);
    if (!config_prefixes_hold(guard->allow, guard->allow_count, text) &&
        (guard->allowed_alone || !address_is_public(&address->addr))) {
        if (transfer->barred[0] == '\0')
            memcpy(transfer->barred, text, sizeof text);
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t answer_arrives(char *data, size_t size, size_t count, void *ctx)
{
    struct http_transfer *transfer = ctx;

    /* Anything but the full count ends the transfer. */
    return text_add(&transfer->body, data, size * count) ? size * count : 0;
}

/* Setting an option fails only for want of memory or by our own mistake. */
#define easy_set(transfer, option, value)                                                                              \
    do {                                                                                                               \
        CURLcode set_code = curl_easy_setopt((transfer)->easy, option, value);                                         \
        assert(set_code == CURLE_OK);                                                                                  \
    } while (0)

static void header_add(struct http_transfer *transfer, const char *line)
{
    struct curl_slist *longer = curl_slist_append(transfer->headers, line);

    assert(longer != NULL);
    transfer->headers = longer;
}

static void headers_set(struct http_transfer *transfer, const struct http_request *request)
{
    char line[HEADER_LINE_MAX];

    header_add(transfer, "Accept: application/json");
    header_add(transfer, "Expect:"); /* no waiting for 100 Continue */
    if (!request->get)
        header_add(transfer, "Content-Type: application/json");
    for (size_t i = 0; i < request->header_count; i++)
        header_add(transfer, request->headers[i]);
    if (request->bearer != NULL && request->bearer->len > 0) {
        snprintf(line, sizeof line, "Authorization: Bearer %s", (const char *)request->bearer->bytes);
        header_add(transfer, line);
        explicit_bzero(line, sizeof line);
    }
    easy_set(transfer, CURLOPT_HTTPHEADER, transfer->headers);
}

static void trust_set(struct http_transfer *transfer, const struct http_request *request)
{
    easy_set(transfer, CURLOPT_PROTOCOLS_STR, request->plain ? "https,http" : "https");
    easy_set(transfer, CURLOPT_FOLLOWLOCATION, 0L);
    easy_set(transfer, CURLOPT_PROXY, ""); /* the environment's proxies are not ours */
    easy_set(transfer, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    easy_set(transfer, CURLOPT_SSL_VERIFYPEER, 1L);
    easy_set(transfer, CURLOPT_SSL_VERIFYHOST, 2L);
    if (request->ca_file != NULL && request->ca_file[0] != '\0')
        easy_set(transfer, CURLOPT_CAINFO, request->ca_file);
    /* Debian's libcurl would go on trusting the system's folder beside ca_file,
     * and with a folder it reads all authorities again for each connection. */
    easy_set(transfer, CURLOPT_CAPATH, NULL);
}

static void timing_set(struct http_transfer *transfer, const struct http_request *request)
{
    int64_t connect_ms = request->timeout_ms < HTTP_CONNECT_MAX_MS ? request->timeout_ms : HTTP_CONNECT_MAX_MS;

    assert(request->timeout_ms > 0);
    easy_set(transfer, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
    easy_set(transfer, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms);
    easy_set(transfer, CURLOPT_NOSIGNAL, 1L);
    /* Without it the end of a call whose name is still being looked up waits for
     * the resolver's thread, and all other calls wait with it. */
    easy_set(transfer, CURLOPT_QUICK_EXIT, 1L);
}

static void callbacks_set(struct http_transfer *transfer)
{
    easy_set(transfer, CURLOPT_ERRORBUFFER, transfer->error);
    easy_set(transfer, CURLOPT_PREREQFUNCTION, request_begins);
    easy_set(transfer, CURLOPT_PREREQDATA, transfer);
    easy_set(transfer, CURLOPT_WRITEFUNCTION, answer_arrives);
    easy_set(transfer, CURLOPT_WRITEDATA, transfer);
}

void http_transfer_prepare(struct http_transfer *transfer, const struct http_request *request, CURLSH *share)
{
    text_init(&transfer->body, request->answer_max);
    transfer->resend = request->resend;
    transfer->fence = request->fence;
    transfer->fence_ctx = request->fence_ctx;
    transfer->bearer = request->bearer;
    transfer->started_ms = clock_boot_ms(&clock_system);
    callbacks_set(transfer);
    trust_set(transfer, request);
    timing_set(transfer, request);
    headers_set(transfer, request);
    if (request->guard != NULL) {
        transfer->guard = *request->guard;
        easy_set(transfer, CURLOPT_OPENSOCKETFUNCTION, socket_opens);
        easy_set(transfer, CURLOPT_OPENSOCKETDATA, transfer);
    }
    easy_set(transfer, CURLOPT_URL, request->url);
    easy_set(transfer, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    easy_set(transfer, CURLOPT_USERAGENT, "license-bridge/" BRIDGE_VERSION);
    if (request->get) {
        easy_set(transfer, CURLOPT_HTTPGET, 1L);
    } else {
        easy_set(transfer, CURLOPT_POST, 1L);
        easy_set(transfer, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
        easy_set(transfer, CURLOPT_POSTFIELDS, request->body);
    }
    if (request->once) {
        easy_set(transfer, CURLOPT_FRESH_CONNECT, 1L);
        easy_set(transfer, CURLOPT_FORBID_REUSE, 1L);
    } else {
        easy_set(transfer, CURLOPT_MAXAGE_CONN, KEPT_MAX_S);
    }
    if (share != NULL)
        easy_set(transfer, CURLOPT_SHARE, share);
}

/* libcurl's connect time stays 0 until TLS stands too, so the local port tells
 * whether TCP did. */
static const char *slow_part(struct http_transfer *transfer, const struct observation *seen)
{
    long header_bytes = 0;
    long local_port = 0;
    curl_off_t lookup_us = 0;

    curl_easy_getinfo(transfer->easy, CURLINFO_HEADER_SIZE, &header_bytes);
    curl_easy_getinfo(transfer->easy, CURLINFO_LOCAL_PORT, &local_port);
    curl_easy_getinfo(transfer->easy, CURLINFO_NAMELOOKUP_TIME_T, &lookup_us);
    if (transfer->passed)
        return header_bytes > 0 || seen->body_len > 0 ? "the rest of the answer" : "the first byte of the answer";
    if (lookup_us == 0)
        return "looking the name up";
    return local_port == 0 ? "connecting" : "the TLS handshake";
}

static enum call_end end_of(const struct http_transfer *transfer, CURLcode code, bool stopped)
{
    if (stopped)
        return CALL_END_STOPPED;
    if (code == CURLE_OK)
        return CALL_END_WHOLE;
    if (transfer->fenced)
        return CALL_END_FENCED;
    return code == CURLE_OPERATION_TIMEDOUT ? CALL_END_TIMEOUT : CALL_END_BROKEN;
}

void http_transfer_observe(struct http_transfer *transfer, CURLcode code, bool stopped, struct observation *seen)
{
    const char *retry_after = http_transfer_header(transfer, "Retry-After");

    if (transfer->bearer != NULL) {
        mask_token(transfer->body.data, transfer->body.len, transfer->bearer);
        mask_token(transfer->error, strlen(transfer->error), transfer->bearer);
    }
    *seen = (struct observation){
        .end = end_of(transfer, code, stopped),
        .passed = transfer->passed,
        .passed_twice = transfer->passed_twice,
        .curl_code = (int)code,
        .retry_after_ms = -1,
        .elapsed_ms = clock_boot_ms(&clock_system) - transfer->started_ms,
        .body = text_str(&transfer->body),
        .body_len = transfer->body.len,
        .body_cut = transfer->body.cut,
    };
    if (transfer->barred[0] != '\0' && !transfer->passed)
        (void)snprintf(transfer->error, sizeof transfer->error, "the name leads to %s, which callbacks may not go to",
                       transfer->barred);
    if (code != CURLE_OK)
        seen->curl_text = transfer->error[0] != '\0' ? transfer->error : curl_easy_strerror(code);
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &seen->status);
    if (retry_after != NULL)
        seen->retry_after_ms = http_retry_after_ms(retry_after, clock_wall_ms(&clock_system));
    if (seen->end == CALL_END_TIMEOUT)
        seen->slow = slow_part(transfer, seen);
}

const char *http_transfer_header(struct http_transfer *transfer, const char *name)
{
    struct curl_header *header = NULL;

    if (curl_easy_header(transfer->easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return NULL;
    return header->value;
}

int64_t http_retry_after_ms(const char *value, int64_t wall_ms)
{
    int64_t wait_ms;
    int64_t seconds;
    time_t date;

    if (text_parse_int(value, 0, INT64_MAX / 1000, &seconds)) {
        wait_ms = seconds * 1000;
    } else {
        date = curl_getdate(value, NULL);
        if (date == -1)
            return -1;
        wait_ms = (int64_t)date * 1000 - wall_ms;
    }
    if (wait_ms < 0)
        return 0;
    return wait_ms < HTTP_RETRY_AFTER_MAX_MS ? wait_ms : HTTP_RETRY_AFTER_MAX_MS;
}

bool http_url_is_local(const char *url)
{
    CURLU *parts = curl_url();
    char *host = NULL;
    bool local = false;

    assert(parts != NULL);
    if (curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK)
        local = strcmp(host, "127.0.0.1") == 0 || strcmp(host, "[::1]") == 0 || strcasecmp(host, "localhost") == 0;
    curl_free(host);
    curl_url_cleanup(parts);
    return local;
}

CURL *http_transfer_easy(struct http_transfer *transfer)
{
    return transfer->easy;
}

void http_transfer_reset(struct http_transfer *transfer)
{
    CURL *easy = transfer->easy;

    for (struct curl_slist *line = transfer->headers; line != NULL; line = line->next)
        explicit_bzero(line->data, strlen(line->data));
    curl_easy_reset(easy);
    curl_slist_free_all(transfer->headers);
    text_clear(&transfer->body);
    *transfer = (struct http_transfer){.easy = easy};
}

struct http_transfer *http_transfer_new(void)
{
    struct http_transfer *transfer = heap_alloc(sizeof *transfer);

    transfer->easy = curl_easy_init();
    assert(transfer->easy != NULL);
    return transfer;
}

void http_transfer_free(struct http_transfer **transfer)
{
    http_transfer_reset(*transfer);
    curl_easy_cleanup((*transfer)->easy);
    free(*transfer);
    *transfer = NULL;
}
