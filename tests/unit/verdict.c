/* SPDX-License-Identifier: Apache-2.0 */
/* The verdict table, row by row, and the borders between its rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/arena.h"
#include "provider/verdict.h"

/* Every row is a call that passed the point of no return and ended whole,
 * unless it says otherwise. */
struct row {
    const char *what;
    bool unsent;
    bool twice;
    bool cut;
    enum call_end end;
    long status;
    const char *body; /* only its being there counts here */
    struct said said;
    enum verdict verdict;
    const char *code;
};

#define TRUE_OBJECT                                                                                                    \
    {                                                                                                                  \
        .object = true, .success = SAID_TRUE                                                                           \
    }
#define FALSE_OBJECT                                                                                                   \
    {                                                                                                                  \
        .object = true, .success = SAID_FALSE                                                                          \
    }
#define SILENT_OBJECT                                                                                                  \
    {                                                                                                                  \
        .object = true                                                                                                 \
    }
#define LIMITED_OBJECT                                                                                                 \
    {                                                                                                                  \
        .object = true, .success = SAID_FALSE, .code = "RATE_LIMIT_EXCEEDED"                                           \
    }

static const struct row rows[] = {
    /* 1: nothing was sent */
    {.what = "no connection", .unsent = true, .end = CALL_END_BROKEN, .verdict = VERDICT_LATER, .code = "unreachable"},
    {.what = "connect timeout",
     .unsent = true,
     .end = CALL_END_TIMEOUT,
     .verdict = VERDICT_LATER,
     .code = "unreachable"},
    {.what = "fence", .unsent = true, .end = CALL_END_FENCED, .verdict = VERDICT_LATER, .code = "fence_lost"},
    {.what = "stopped unsent", .unsent = true, .end = CALL_END_STOPPED, .verdict = VERDICT_LATER, .code = "stopped"},
    /* 2: limited */
    {.what = "429",
     .status = 429,
     .body = "{}",
     .said = FALSE_OBJECT,
     .verdict = VERDICT_LATER,
     .code = "rate_limited"},
    {.what = "429 html", .status = 429, .body = "<p>", .verdict = VERDICT_LATER, .code = "rate_limited"},
    {.what = "200 limited",
     .status = 200,
     .body = "{}",
     .said = LIMITED_OBJECT,
     .verdict = VERDICT_LATER,
     .code = "rate_limited"},
    {.what = "500 limited",
     .status = 500,
     .body = "{}",
     .said = LIMITED_OBJECT,
     .verdict = VERDICT_LATER,
     .code = "rate_limited"},
    {.what = "403 limited",
     .status = 403,
     .body = "{}",
     .said = LIMITED_OBJECT,
     .verdict = VERDICT_LATER,
     .code = "rate_limited"},
    /* 3: the server broke, or points elsewhere */
    {.what = "500", .status = 500, .verdict = VERDICT_UNSURE, .code = "server_error"},
    {.what = "502 that refuses",
     .status = 502,
     .body = "{}",
     .said = FALSE_OBJECT,
     .verdict = VERDICT_UNSURE,
     .code = "server_error"},
    {.what = "500 that agrees",
     .status = 500,
     .body = "{}",
     .said = TRUE_OBJECT,
     .verdict = VERDICT_UNSURE,
     .code = "server_error"},
    {.what = "599", .status = 599, .verdict = VERDICT_UNSURE, .code = "server_error"},
    {.what = "302 that agrees",
     .status = 302,
     .body = "{}",
     .said = TRUE_OBJECT,
     .verdict = VERDICT_UNSURE,
     .code = "redirected"},
    {.what = "300", .status = 300, .verdict = VERDICT_UNSURE, .code = "redirected"},
    {.what = "408 that refuses",
     .status = 408,
     .body = "{}",
     .said = FALSE_OBJECT,
     .verdict = VERDICT_UNSURE,
     .code = "server_timeout"},
    {.what = "SERVER_ERROR in a 200",
     .status = 200,
     .body = "{}",
     .said = {.object = true, .success = SAID_FALSE, .code = "SERVER_ERROR"},
     .verdict = VERDICT_UNSURE,
     .code = "server_error"},
    {.what = "SERVER_ERROR in a 400",
     .status = 400,
     .body = "{}",
     .said = {.object = true, .success = SAID_FALSE, .code = "SERVER_ERROR"},
     .verdict = VERDICT_UNSURE,
     .code = "server_error"},
    {.what = "SERVER_ERROR that agrees",
     .status = 200,
     .body = "{}",
     .said = {.object = true, .success = SAID_TRUE, .code = "SERVER_ERROR"},
     .verdict = VERDICT_UNSURE,
     .code = "server_error"},
    /* 4: done */
    {.what = "200", .status = 200, .body = "{}", .said = TRUE_OBJECT, .verdict = VERDICT_DONE, .code = "done"},
    {.what = "299", .status = 299, .body = "{}", .said = TRUE_OBJECT, .verdict = VERDICT_DONE, .code = "done"},
    /* 5: refused */
    {.what = "200 refused",
     .status = 200,
     .body = "{}",
     .said = FALSE_OBJECT,
     .verdict = VERDICT_REFUSED,
     .code = "refused"},
    {.what = "402 refused",
     .status = 402,
     .body = "{}",
     .said = FALSE_OBJECT,
     .verdict = VERDICT_REFUSED,
     .code = "refused"},
    {.what = "409 refused",
     .status = 409,
     .body = "{}",
     .said = FALSE_OBJECT,
     .verdict = VERDICT_REFUSED,
     .code = "refused"},
    {.what = "ACTIVATION_FAILED",
     .status = 400,
     .body = "{}",
     .said = {.object = true, .success = SAID_FALSE, .code = "ACTIVATION_FAILED"},
     .verdict = VERDICT_REFUSED,
     .code = "activation_failed"},
    {.what = "ACTIVATION_FAILED in a 200",
     .status = 200,
     .body = "{}",
     .said = {.object = true, .success = SAID_FALSE, .code = "ACTIVATION_FAILED"},
     .verdict = VERDICT_REFUSED,
     .code = "activation_failed"},
    {.what = "ACTIVATION_FAILED without success",
     .status = 400,
     .body = "{}",
     .said = {.object = true, .success = SAID_NOTHING, .code = "ACTIVATION_FAILED"},
     .verdict = VERDICT_REFUSED,
     .code = "activation_failed"},
    {.what = "VERIFICATION_FAILED",
     .status = 400,
     .body = "{}",
     .said = {.object = true, .success = SAID_FALSE, .code = "VERIFICATION_FAILED"},
     .verdict = VERDICT_REFUSED,
     .code = "verification_failed"},
    {.what = "VERIFICATION_FAILED in a 200",
     .status = 200,
     .body = "{}",
     .said = {.object = true, .success = SAID_FALSE, .code = "VERIFICATION_FAILED"},
     .verdict = VERDICT_REFUSED,
     .code = "verification_failed"},
    {.what = "VERIFICATION_FAILED without success",
     .status = 400,
     .body = "{}",
     .said = {.object = true, .success = SAID_NOTHING, .code = "VERIFICATION_FAILED"},
     .verdict = VERDICT_REFUSED,
     .code = "verification_failed"},
    {.what = "DEACTIVATION_FAILED",
     .status = 400,
     .body = "{}",
     .said = {.object = true, .success = SAID_FALSE, .code = "DEACTIVATION_FAILED"},
     .verdict = VERDICT_REFUSED,
     .code = "deactivation_failed"},
    {.what = "DEACTIVATION_FAILED in a 200",
     .status = 200,
     .body = "{}",
     .said = {.object = true, .success = SAID_FALSE, .code = "DEACTIVATION_FAILED"},
     .verdict = VERDICT_REFUSED,
     .code = "deactivation_failed"},
    {.what = "DEACTIVATION_FAILED without success",
     .status = 400,
     .body = "{}",
     .said = {.object = true, .success = SAID_NOTHING, .code = "DEACTIVATION_FAILED"},
     .verdict = VERDICT_REFUSED,
     .code = "deactivation_failed"},
    {.what = "ACTIVATION_FAILED in a 500",
     .status = 500,
     .body = "{}",
     .said = {.object = true, .success = SAID_FALSE, .code = "ACTIVATION_FAILED"},
     .verdict = VERDICT_UNSURE,
     .code = "server_error"},
    {.what = "ACTIVATION_FAILED with a 429",
     .status = 429,
     .body = "{}",
     .said = {.object = true, .success = SAID_FALSE, .code = "ACTIVATION_FAILED"},
     .verdict = VERDICT_LATER,
     .code = "rate_limited"},
    {.what = "ACTIVATION_FAILED in a 403",
     .status = 403,
     .body = "{}",
     .said = {.object = true, .success = SAID_FALSE, .code = "ACTIVATION_FAILED"},
     .verdict = VERDICT_REFUSED,
     .code = "denied"},
    {.what = "an unknown code",
     .status = 400,
     .body = "{}",
     .said = {.object = true, .success = SAID_FALSE, .code = "SOMETHING_ELSE"},
     .verdict = VERDICT_REFUSED,
     .code = "refused"},
    /* 6: rejected before anything was done */
    {.what = "400", .status = 400, .verdict = VERDICT_REFUSED, .code = "rejected"},
    {.what = "404 html", .status = 404, .body = "<p>", .verdict = VERDICT_REFUSED, .code = "rejected"},
    {.what = "405 silent",
     .status = 405,
     .body = "{}",
     .said = SILENT_OBJECT,
     .verdict = VERDICT_REFUSED,
     .code = "rejected"},
    {.what = "413", .status = 413, .verdict = VERDICT_REFUSED, .code = "rejected"},
    {.what = "415", .status = 415, .verdict = VERDICT_REFUSED, .code = "rejected"},
    {.what = "422", .status = 422, .verdict = VERDICT_REFUSED, .code = "rejected"},
    {.what = "401", .status = 401, .verdict = VERDICT_REFUSED, .code = "denied"},
    {.what = "403 refused",
     .status = 403,
     .body = "{}",
     .said = FALSE_OBJECT,
     .verdict = VERDICT_REFUSED,
     .code = "denied"},
    /* 7: everything else */
    {.what = "402 html", .status = 402, .body = "<p>", .verdict = VERDICT_UNSURE, .code = "answer_unreadable"},
    {.what = "409 bare", .status = 409, .verdict = VERDICT_UNSURE, .code = "answer_empty"},
    {.what = "404 that agrees",
     .status = 404,
     .body = "{}",
     .said = TRUE_OBJECT,
     .verdict = VERDICT_UNSURE,
     .code = "answer_unclear"},
    {.what = "429 that agrees",
     .status = 429,
     .body = "{}",
     .said = TRUE_OBJECT,
     .verdict = VERDICT_UNSURE,
     .code = "answer_unclear"},
    {.what = "200 limited that agrees",
     .status = 200,
     .body = "{}",
     .said = {true, SAID_TRUE, "RATE_LIMIT_EXCEEDED"},
     .verdict = VERDICT_UNSURE,
     .code = "answer_unclear"},
    {.what = "200 html", .status = 200, .body = "<p>", .verdict = VERDICT_UNSURE, .code = "answer_unreadable"},
    {.what = "200 empty", .status = 200, .verdict = VERDICT_UNSURE, .code = "answer_empty"},
    {.what = "200 silent",
     .status = 200,
     .body = "{}",
     .said = SILENT_OBJECT,
     .verdict = VERDICT_UNSURE,
     .code = "answer_unclear"},
    {.what = "199",
     .status = 199,
     .body = "{}",
     .said = TRUE_OBJECT,
     .verdict = VERDICT_UNSURE,
     .code = "answer_unclear"},
    {.what = "garbage", .status = 0, .body = "x", .end = CALL_END_BROKEN, .verdict = VERDICT_UNSURE, .code = "broken"},
    {.what = "reset after 200",
     .status = 200,
     .body = "{}",
     .said = TRUE_OBJECT,
     .end = CALL_END_BROKEN,
     .verdict = VERDICT_UNSURE,
     .code = "broken"},
    {.what = "reset after 404", .status = 404, .end = CALL_END_BROKEN, .verdict = VERDICT_UNSURE, .code = "broken"},
    {.what = "reset after 429", .status = 429, .end = CALL_END_BROKEN, .verdict = VERDICT_UNSURE, .code = "broken"},
    {.what = "timeout", .end = CALL_END_TIMEOUT, .verdict = VERDICT_UNSURE, .code = "timeout"},
    {.what = "timeout in a refusal",
     .status = 400,
     .end = CALL_END_TIMEOUT,
     .verdict = VERDICT_UNSURE,
     .code = "timeout"},
    {.what = "stopped", .end = CALL_END_STOPPED, .verdict = VERDICT_UNSURE, .code = "stopped"},
    {.what = "too long",
     .status = 200,
     .cut = true,
     .end = CALL_END_BROKEN,
     .verdict = VERDICT_UNSURE,
     .code = "answer_too_long"},
    {.what = "sent twice",
     .status = 200,
     .twice = true,
     .body = "{}",
     .said = TRUE_OBJECT,
     .verdict = VERDICT_UNSURE,
     .code = "sent_twice"},
    {.what = "sent twice, aborted",
     .twice = true,
     .end = CALL_END_BROKEN,
     .verdict = VERDICT_UNSURE,
     .code = "sent_twice"},
};

static struct answer answer_seen(const struct row *row)
{
    return (struct answer){.seen = {.end = row->end,
                                    .passed = !row->unsent,
                                    .passed_twice = row->twice,
                                    .curl_code = row->end == CALL_END_WHOLE ? 0 : 1,
                                    .curl_text = row->end == CALL_END_WHOLE ? NULL : "the wire broke",
                                    .status = row->status,
                                    .retry_after_ms = -1,
                                    .elapsed_ms = 60000,
                                    .body = row->body != NULL ? row->body : "",
                                    .body_len = row->body != NULL ? strlen(row->body) : 0,
                                    .body_cut = row->cut}};
}

static void table(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct answer answer = answer_seen(&rows[i]);
        bool denied = rows[i].verdict == VERDICT_REFUSED && (rows[i].status == 401 || rows[i].status == 403);

        verdict_decide(&answer, &rows[i].said, &arena);
        if (answer.verdict != rows[i].verdict || strcmp(answer.reason_code, rows[i].code) != 0)
            fail_msg("%s: verdict %d, %s (%s)", rows[i].what, (int)answer.verdict, answer.reason_code, answer.reason);
        assert_int_equal(answer.denied, denied);
        assert_true(strlen(answer.reason) > 3);
    }
    arena_clear(&arena);
}

/* An unsent call is LATER whatever else is there, and a sent one never is but by
 * a plain 429: over all statuses and endings. */
static void unsent_alone_is_free(void **state)
{
    struct arena arena;
    struct said none = {0};

    (void)state;
    arena_init(&arena);
    for (long status = 0; status <= 700; status++) {
        for (int end = CALL_END_WHOLE; end <= CALL_END_STOPPED; end++) {
            struct row row = {.status = status, .end = (enum call_end)end};
            struct answer sent = answer_seen(&row);
            struct answer unsent = sent;

            unsent.seen.passed = false;
            verdict_decide(&sent, &none, &arena);
            verdict_decide(&unsent, &none, &arena);
            assert_int_equal(unsent.verdict, VERDICT_LATER);
            assert_int_equal(sent.verdict == VERDICT_LATER, status == 429 && end == CALL_END_WHOLE);
            assert_true(sent.verdict != VERDICT_DONE);
        }
    }
    arena_clear(&arena);
}

static void sentences(void **state)
{
    struct arena arena;
    struct said none = {0};
    struct said refused = FALSE_OBJECT;
    struct row timeout = {.end = CALL_END_TIMEOUT};
    struct row refusal = {.status = 200, .body = "{}"};
    struct answer answer = answer_seen(&timeout);

    (void)state;
    arena_init(&arena);
    answer.seen.slow = "the first byte of the answer";
    verdict_decide(&answer, &none, &arena);
    assert_string_equal(answer.reason, "the request had been sent, and there was no whole answer within 60 s "
                                       "(slow: the first byte of the answer)");
    answer = answer_seen(&refusal);
    answer.message = "Yetersiz bakiye";
    verdict_decide(&answer, &refused, &arena);
    assert_string_equal(answer.reason, "the upstream refused: Yetersiz bakiye");
    arena_clear(&arena);
}

static void validity(void **state)
{
    struct answer valid = {.verdict = VERDICT_DONE, .has_valid = true, .valid = true};
    struct answer invalid = {.verdict = VERDICT_DONE, .has_valid = true};
    struct answer silent = {.verdict = VERDICT_DONE};

    (void)state;
    verdict_of_validity(&valid);
    verdict_of_validity(&invalid);
    verdict_of_validity(&silent);
    assert_int_equal(valid.verdict, VERDICT_DONE);
    assert_int_equal(invalid.verdict, VERDICT_REFUSED);
    assert_string_equal(invalid.reason, "license not valid");
    assert_int_equal(silent.verdict, VERDICT_UNSURE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),
        cmocka_unit_test(unsent_alone_is_free),
        cmocka_unit_test(sentences),
        cmocka_unit_test(validity),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
