/* SPDX-License-Identifier: Apache-2.0 */
/* listen: a callback endpoint for a developer, on 127.0.0.1 alone.
 *
 * Takes one connection after the other and one request from each, prints it and
 * answers; a peer that stalls is left after a few seconds.  Understands just the
 * HTTP that callbacks speak.  Stores nothing: what it did not print is sent again
 * by the bridge. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/signature.h"
#include "base/text.h"
#include "ctl/ctl.h"
#include "ctl/http_read.h"
#include "ctl/output.h"

#define PORT_DEFAULT 8787
#define STALL_S      5
#define SECRETS_MAX  8
#define BACKLOG      64

struct listener {
    struct ctl *ctl;
    struct secret secrets[SECRETS_MAX];
    size_t secret_count;
    int fd;
    int64_t answer; /* the status that a good request gets */
    int64_t count;  /* so many, then end; 0: no end */
};

static int secrets_take(struct listener *listener, const struct secret *secrets, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (listener->secret_count == SECRETS_MAX)
            return ctl_fail(EX_USAGE, "more than %d secrets", SECRETS_MAX);
        listener->secrets[listener->secret_count++] = secrets[i];
    }
    return EX_OK;
}

static int secrets_load(struct listener *listener)
{
    struct ctl *ctl = listener->ctl;
    const char *name = ctl_option(ctl, "source"), *path;
    struct secret secret;
    int status = name == NULL ? EX_OK : ctl_load(ctl, false);

    for (size_t i = 0; status == EX_OK && (path = argument_nth(&ctl->arguments, "secret-file", i)) != NULL; i++) {
        status = ctl_secret(path, &secret);
        if (status == EX_OK)
            status = secrets_take(listener, &secret, 1);
        secret_clear(&secret);
    }
    if (status != EX_OK || name == NULL)
        return status;
    const struct config_source *source = config_source_find(ctl->config, name);
    if (source == NULL)
        return ctl_fail(EX_DATAERR, "no source %s in %s", name, ctl->config->path);
    return source->callback_secret_count > 0
               ? secrets_take(listener, source->callback_secrets, source->callback_secret_count)
               : secrets_take(listener, source->secrets, source->secret_count);
}

/* What is known of the sender: "verified", or why not. */
static const char *judge(const struct listener *listener, const struct http_read *request)
{
    const struct signature_message message = {.id = http_read_header(request, "webhook-id"),
                                              .timestamp = http_read_header(request, "webhook-timestamp"),
                                              .body = request->body,
                                              .body_len = request->body_len};
    const char *signature = http_read_header(request, "webhook-signature");

    if (message.id == NULL || message.timestamp == NULL || signature == NULL)
        return "unsigned";
    if (listener->secret_count == 0)
        return "unchecked";
    if (!signature_verify(listener->secrets, listener->secret_count, signature, &message))
        return "WRONG SIGNATURE";
    return signature_timestamp_ok(message.timestamp, clock_wall_ms(&clock_system) / 1000) ? "verified" : "TOO OLD";
}

static void request_show(const struct listener *listener, const struct http_read *request, const char *verdict)
{
    const char *id = http_read_header(request, "webhook-id");
    json_t *body = json_loadb(request->body, request->body_len, 0, NULL);
    char now[CLOCK_TEXT_MAX];

    clock_format(clock_wall_ms(&clock_system), now);
    if (listener->ctl->json) {
        json_t *shown = json_pack("{s:s, s:o, s:s, s:o}", "at", now, "webhook_id", json_text(id), "signature", verdict,
                                  "body", body != NULL ? json_incref(body) : json_text(request->body));
        char *line = json_dumps(shown, JSON_COMPACT);
        puts(line);
        free(line);
        json_decref(shown);
    } else {
        printf("%s  %s  ", now, verdict);
        text_print(id == NULL ? "" : id, stdout);
        putchar('\n');
        if (body != NULL)
            json_print(body, stdout);
        else
            text_print(request->body, stdout), putchar('\n');
    }
    json_decref(body);
    (void)fflush(stdout);
}

static void reply(int fd, int64_t status)
{
    char text[128];
    int len =
        snprintf(text, sizeof text, "HTTP/1.1 %" PRId64 " -\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", status);
    (void)send(fd, text, (size_t)len, MSG_NOSIGNAL);
}

/* Whether a request was shown. */
static bool connection_serve(const struct listener *listener, int fd)
{
    struct timeval stall = {.tv_sec = STALL_S};
    struct arena arena;
    struct http_read request;
    bool shown = false;

    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &stall, sizeof stall);
    arena_init(&arena);
    int64_t status = http_read(fd, &arena, &request);
    if (status == 200) {
        const char *verdict = judge(listener, &request);
        bool good = strcmp(verdict, "verified") == 0 || strcmp(verdict, "unchecked") == 0;
        request_show(listener, &request, verdict);
        status = good ? listener->answer : 401;
        shown = true;
    }
    if (status > 0)
        reply(fd, status);
    arena_clear(&arena);
    return shown;
}

static int port_open(struct listener *listener, int64_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int yes = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener->fd < 0)
        return ctl_fail(EX_OSERR, "no socket: %s", strerror(errno));
    (void)setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener->fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener->fd, BACKLOG) != 0)
        return ctl_fail(EX_UNAVAILABLE, "port %" PRId64 ": %s", port, strerror(errno));
    fprintf(stderr, "listening on http://127.0.0.1:%" PRId64 "/%s\n", port,
            listener->secret_count == 0 ? " (without a secret nothing is checked)" : "");
    return EX_OK;
}

static int listen_loop(struct listener *listener)
{
    for (int64_t shown = 0; listener->count == 0 || shown < listener->count;) {
        int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0 && errno != EINTR && errno != ECONNABORTED)
            return ctl_fail(EX_OSERR, "no connection can be taken: %s", strerror(errno));
        if (fd < 0)
            continue;
        shown += connection_serve(listener, fd);
        (void)close(fd);
    }
    return EX_OK;
}

int listen_here(struct ctl *ctl)
{
    struct listener listener = {.ctl = ctl, .fd = -1, .answer = 204};
    int64_t port = PORT_DEFAULT;
    int status;

    if ((status = ctl_number_option(ctl, "port", 1, 65535, &port)) == EX_OK &&
        (status = ctl_number_option(ctl, "answer", 200, 599, &listener.answer)) == EX_OK &&
        (status = ctl_number_option(ctl, "count", 1, INT64_MAX, &listener.count)) == EX_OK &&
        (status = secrets_load(&listener)) == EX_OK && (status = port_open(&listener, port)) == EX_OK)
        status = listen_loop(&listener);
    if (listener.fd >= 0)
        (void)close(listener.fd);
    for (size_t i = 0; i < listener.secret_count; i++)
        secret_clear(&listener.secrets[i]);
    return status;
}
