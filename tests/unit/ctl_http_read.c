/* SPDX-License-Identifier: Apache-2.0 */
/* Unit test of ctl/http_read: what a callback looks like on the wire, and what is
 * refused before any of it is kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctl/http_read.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* The bytes arrive and the peer sends no more. */
static int64_t read_bytes(const char *bytes, size_t len, struct arena *arena, struct http_read *request)
{
    int pair[2], room = 4 * 1024 * 1024;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof room), 0);
    for (size_t sent = 0; sent < len;) {
        ssize_t now = send(pair[0], bytes + sent, len - sent, MSG_DONTWAIT);
        if (now < 0)
            break; /* the reader's ceiling is reached long before */
        sent += (size_t)now;
    }
    (void)shutdown(pair[0], SHUT_WR);
    int64_t status = http_read(pair[1], arena, request);
    (void)close(pair[0]);
    (void)close(pair[1]);
    return status;
}

static void requests_are_judged(void **state)
{
    static const struct {
        const char *bytes;
        int64_t status;
    } rows[] = {
        {"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", 200},
        {"POST /x HTTP/1.1\r\nHost: a\r\ncontent-length:0\r\n\r\n", 200},
        {"GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 405},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411},
        {"POST / HTTP/1.1\r\nContent-Length: 2x\r\n\r\n{}", 400},
        {"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n{}", 400},
        {"POST / HTTP/1.1\r\nContent-Length: 1048577\r\n\r\n", 413},
        {"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n{}", 0}, /* cut */
        {"POST / HTTP/1.1\r\nContent-Length: 3\r\n", 0},
        {"", 0},
    };
    struct http_read request;
    struct arena arena;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        arena_init(&arena);
        int64_t status = read_bytes(rows[i].bytes, strlen(rows[i].bytes), &arena, &request);
        if (status != rows[i].status)
            fail_msg("row %zu: %lld", i, (long long)status);
        arena_clear(&arena);
    }
}

static void headers_and_body_are_found(void **state)
{
    static const char bytes[] = "POST /hook?x=1 HTTP/1.1\r\nWebhook-Id:  msg_1 \t\r\nx-webhook-id: no\r\nEmpty:\r\n"
                                "Content-Length: 4\r\n\r\na\0b\n{more}";
    struct http_read request;
    struct arena arena;

    (void)state;
    arena_init(&arena);
    assert_int_equal(read_bytes(bytes, sizeof bytes - 1, &arena, &request), 200);
    assert_string_equal(http_read_header(&request, "webhook-id"), "msg_1");
    assert_string_equal(http_read_header(&request, "empty"), "");
    assert_null(http_read_header(&request, "webhook-timestamp"));
    assert_int_equal(request.body_len, 4);
    assert_memory_equal(request.body, "a\0b\n", 5);
    arena_clear(&arena);
}

static void a_head_without_end_is_refused(void **state)
{
    struct http_read request;
    struct arena arena;
    char *bytes = NULL;

    (void)state;
    arena_init(&arena);
    int len = asprintf(&bytes, "POST / HTTP/1.1\r\nContent-Length: 0\r\nX: %*s\r\n\r\n", (int)HTTP_READ_HEAD_MAX, "");
    assert_true(len > 0);
    assert_int_equal(read_bytes(bytes, (size_t)len, &arena, &request), 431);
    arena_clear(&arena);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_judged),
        cmocka_unit_test(headers_and_body_are_found),
        cmocka_unit_test(a_head_without_end_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
