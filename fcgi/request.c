/* SPDX-License-Identifier: Apache-2.0 */
/* request: reads what nginx sends through libfcgi and believes none of it.
 *
 * libfcgi has no ceiling on parameters and reports no error for a short body:
 * both are checked here, because a truncated webhook must never be
 * acknowledged.  Owns the arena of the request; a crash leaves nothing. */
#include "fcgi/request.h"

#include <string.h>
#include <time.h>

#include "base/text.h"

static const char *const HEAD_NAMES[HEAD_COUNT] = {
    [HEAD_METHOD] = "REQUEST_METHOD",
    [HEAD_URI] = "REQUEST_URI",
    [HEAD_QUERY] = "QUERY_STRING",
    [HEAD_ADDRESS] = "REMOTE_ADDR",
    [HEAD_CONTENT_TYPE] = "CONTENT_TYPE",
    [HEAD_CONTENT_LENGTH] = "CONTENT_LENGTH",
    [HEAD_AUTHORIZATION] = "HTTP_AUTHORIZATION",
    [HEAD_ACCEPT] = "HTTP_ACCEPT",
    [HEAD_IF_NONE_MATCH] = "HTTP_IF_NONE_MATCH",
    [HEAD_WEBHOOK_ID] = "HTTP_WEBHOOK_ID",
    [HEAD_WEBHOOK_TIMESTAMP] = "HTTP_WEBHOOK_TIMESTAMP",
    [HEAD_WEBHOOK_SIGNATURE] = "HTTP_WEBHOOK_SIGNATURE",
    [HEAD_HUB_SIGNATURE] = "HTTP_X_HUB_SIGNATURE_256",
    [HEAD_STRIPE_SIGNATURE] = "HTTP_STRIPE_SIGNATURE",
    [HEAD_UPMIND_SIGNATURE] = "HTTP_X_WEBHOOK_SIGNATURE",
    [HEAD_BLESTA_EVENT] = "HTTP_X_BLESTA_EVENT",
};

int64_t request_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void problem_note(struct request *request, int status, const char *field, const char *text)
{
    if (request->problem.status == 0)
        request->problem = (struct problem){status, field, text};
}

static void param_keep(struct request *request, const char *entry)
{
    const char *equals = strchr(entry, '=');
    size_t len = equals != NULL ? (size_t)(equals - entry) : 0;

    for (int i = 0; len > 0 && i < HEAD_COUNT; i++) {
        if (strlen(HEAD_NAMES[i]) == len && memcmp(HEAD_NAMES[i], entry, len) == 0) {
            if (request->times[i]++ == 0)
                request->params[i] = equals + 1;
            return;
        }
    }
}

static void params_scan(struct request *request)
{
    size_t count = 0;
    size_t bytes = 0;

    for (char **entry = request->fcgi.envp; *entry != NULL; entry++) {
        count++;
        bytes += strlen(*entry);
        param_keep(request, *entry);
    }
    if (count > REQUEST_PARAMS_MAX || bytes > REQUEST_HEAD_MAX)
        problem_note(request, 400, NULL, "too many or too long header fields");
}

static void path_read(struct request *request)
{
    const char *uri = request->params[HEAD_URI] != NULL ? request->params[HEAD_URI] : "";
    size_t len = strcspn(uri, "?#");

    if (len > REQUEST_PATH_MAX) {
        problem_note(request, 404, NULL, "there is nothing at this path");
        len = 0;
    }
    request->path = arena_strndup(&request->arena, uri, len);
}

/* Reads away what is left of the body, so that the next request on this
 * connection begins where it should; gives the connection up past a ceiling. */
static void body_discard(struct request *request)
{
    char trash[4096];
    size_t total = 0;
    int got;

    do {
        got = FCGX_GetStr(trash, sizeof trash, request->fcgi.in);
        total += (size_t)got;
    } while (got == (int)sizeof trash && total < REQUEST_DISCARD_MAX);
    if (got == (int)sizeof trash)
        request->spoilt = true;
}

static void body_read(struct request *request)
{
    const char *announced = request->params[HEAD_CONTENT_LENGTH];
    int64_t length = 0;

    request->body = "";
    if (announced != NULL && *announced != '\0' && !text_parse_int(announced, 0, INT64_MAX, &length)) {
        problem_note(request, 400, "content_length", "CONTENT_LENGTH is not a number");
        body_discard(request);
        return;
    }
    if (length > (int64_t)REQUEST_BODY_MAX) {
        problem_note(request, 413, NULL, "the body is longer than 64 KiB");
        body_discard(request);
        return;
    }
    char *body = arena_alloc(&request->arena, (size_t)length + 2);
    int got = FCGX_GetStr(body, (int)length + 1, request->fcgi.in);
    if (got != length) {
        problem_note(request, 400, "content_length", "the body is not as long as its Content-Length says");
        if (got > length)
            body_discard(request);
        return;
    }
    body[length] = '\0';
    request->body = body;
    request->body_len = (size_t)length;
}

bool request_read(struct request *request)
{
    request->began_us = request_now_us();
    params_scan(request);
    path_read(request);
    body_read(request);
    return FCGX_GetError(request->fcgi.in) == 0;
}

void request_clear(struct request *request)
{
    arena_clear(&request->arena);
    config_release(&request->config);
    memset(request->params, 0, sizeof request->params);
    memset(request->times, 0, sizeof request->times);
    request->route = NULL;
    request->rest = request->actor = request->scopes = NULL;
    request->path = "";
    request->body = "";
    request->body_len = 0;
    request->problem = (struct problem){0};
    request->spoilt = false;
    request->wait_s = 0;
    request->left = NULL;
    request->left_ctx = NULL;
}

const char *request_query(struct request *request, const char *name)
{
    const char *at = request->params[HEAD_QUERY];
    size_t len = strlen(name);

    while (at != NULL && *at != '\0') {
        size_t part = strcspn(at, "&");
        if (part > len && memcmp(at, name, len) == 0 && at[len] == '=')
            return arena_strndup(&request->arena, at + len + 1, part - len - 1);
        at += part;
        at += strspn(at, "&");
    }
    return NULL;
}
