/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the transport that need no peer; the wire itself is tested in
 * tests/flow/test_provider.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <unistd.h>

#include "base/arena.h"
#include "provider/http.h"
#include "provider/loop.h"
#include "provider/webhook.h"

static void retry_after(void **state)
{
    static const int64_t now_ms = INT64_C(1445412470000); /* Wed, 21 Oct 2015 07:27:50 GMT */
    static const struct {
        const char *value;
        int64_t wait_ms;
    } rows[] = {
        {"0", 0},
        {"120", 120000},
        {"999999999999", HTTP_RETRY_AFTER_MAX_MS},
        {"99999999999999999999999", -1},
        {"Wed, 21 Oct 2015 07:28:00 GMT", 10000},
        {"Wed, 21 Oct 2015 07:27:00 GMT", 0},
        {"Wed, 21 Oct 2037 07:28:00 GMT", HTTP_RETRY_AFTER_MAX_MS},
        {"-5", -1},
        {"soon", -1},
        {"", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (http_retry_after_ms(rows[i].value, now_ms) != rows[i].wait_ms)
            fail_msg("\"%s\": %lld", rows[i].value, (long long)http_retry_after_ms(rows[i].value, now_ms));
}

static void local_urls(void **state)
{
    static const struct {
        const char *url;
        bool local;
    } rows[] = {
        {"http://127.0.0.1:8080/v1", true},
        {"http://localhost/x", true},
        {"http://[::1]:1/", true},
        {"http://127.0.0.1@evil.test/", false},
        {"http://127.0.0.1.evil.test/", false},
        {"http://203.0.113.10/", false},
        {"://", false},
        {"", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (http_url_is_local(rows[i].url) != rows[i].local)
            fail_msg("%s", rows[i].url);
}

struct reported {
    int count;
    struct observation seen;
};

static void report(void *ctx, struct http_transfer *transfer, const struct observation *seen)
{
    struct reported *reported = ctx;

    (void)transfer;
    reported->count++;
    reported->seen = *seen;
}

/* http is no transport for a token, wherever it leads. */
static void plain_http_refused(void **state)
{
    struct provider_loop *loop = provider_loop_open();
    struct http_request request = {
        .url = "http://127.0.0.1:9/", .body = "{}", .body_len = 2, .timeout_ms = 1000, .answer_max = 100};
    struct reported reported = {0};

    (void)state;
    loop_start(loop, &request, report, &reported);
    assert_int_equal(provider_loop_running(loop), 1);
    for (int i = 0; i < 10 && reported.count == 0; i++)
        provider_loop_step(loop, NULL, 0, 100);
    assert_int_equal(reported.count, 1);
    assert_int_equal(reported.seen.curl_code, CURLE_UNSUPPORTED_PROTOCOL);
    assert_false(reported.seen.passed);
    assert_int_equal(provider_loop_running(loop), 0);
    provider_loop_close(&loop);
    assert_null(loop);
}

static void close_reports_what_runs(void **state)
{
    struct provider_loop *loop = provider_loop_open();
    struct http_request request = {
        .url = "https://127.0.0.1:9/", .body = "{}", .body_len = 2, .timeout_ms = 1000, .answer_max = 100};
    struct reported reported[3] = {0};

    (void)state;
    for (int i = 0; i < 3; i++)
        loop_start(loop, &request, report, &reported[i]);
    provider_loop_close(&loop);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(reported[i].count, 1);
        assert_int_equal(reported[i].seen.end, CALL_END_STOPPED);
        assert_false(reported[i].seen.passed);
    }
}

static void step_wakes(void **state)
{
    struct provider_loop *loop = provider_loop_open();
    int pipe_ends[2];
    struct loop_wait wait;

    (void)state;
    assert_int_equal(pipe(pipe_ends), 0);
    wait = (struct loop_wait){.fd = pipe_ends[0], .events = 1 /* POLLIN */};
    provider_loop_step(loop, &wait, 1, 0);
    assert_int_equal(wait.revents, 0);
    assert_int_equal(write(pipe_ends[1], "x", 1), 1);
    provider_loop_step(loop, &wait, 1, 60000);
    assert_int_equal(wait.revents, 1);
    provider_loop_wake(loop);
    provider_loop_step(loop, NULL, 0, 60000); /* the test hangs when the wake is lost */
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    provider_loop_close(&loop);
}

static void webhook_needs_tls_abroad(void **state)
{
    struct webhook webhook = {.url = "http://203.0.113.10/x", .body = "{}", .body_len = 2, .timeout_ms = 1000};
    struct webhook_reply reply;
    struct arena arena;

    (void)state;
    arena_init(&arena);
    webhook_post(&webhook, &arena, &reply);
    assert_int_equal(reply.status, 0);
    assert_false(reply.sent);
    assert_non_null(reply.problem);
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retry_after),        cmocka_unit_test(local_urls),
        cmocka_unit_test(plain_http_refused), cmocka_unit_test(close_reports_what_runs),
        cmocka_unit_test(step_wakes),         cmocka_unit_test(webhook_needs_tls_abroad),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
