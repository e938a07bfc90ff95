/* SPDX-License-Identifier: Apache-2.0 */
/* What counts as one complete JSON object, exact numbers, hints, and that a
 * token never comes back out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "provider/answer.h"
#include "provider/mask.h"
#include "provider/registry.h"

static struct config_account account = {
    .name = "main",
    .provider = "724license",
    .hint_short_of_credits = "BAKIYE",
    .hint_exists = "mevcut",
    .hint_already = "zaten askıda",
};

static struct answer read_body(enum call_name name, long status, const char *body, size_t len, struct arena *arena)
{
    struct observation seen = {.passed = true, .status = status, .retry_after_ms = -1, .body = body, .body_len = len};
    struct answer answer;

    answer_read(&answer, &provider_license724, name, &account, &seen, arena);
    return answer;
}

static void whole_objects(void **state)
{
    static const struct {
        const char *body;
        enum verdict verdict;
    } rows[] = {
        {"{\"success\":true}", VERDICT_DONE},
        {" {\"success\" : true}\r\n", VERDICT_DONE},
        {"{\"success\":true,\"x\":1e5}", VERDICT_DONE},
        {"{\"success\":true,\"x\":\"{[{[{[{[{[{[{[{[{[{[{[\"}", VERDICT_DONE},
        {"{\"success\":false}", VERDICT_REFUSED},
        {"{\"success\":\"true\"}", VERDICT_UNSURE},
        {"{\"success\":1}", VERDICT_UNSURE},
        {"{\"success\":null}", VERDICT_UNSURE},
        {"{\"Success\":true}", VERDICT_UNSURE},
        {"{\"success\":true", VERDICT_UNSURE},
        {"{\"success\":true}}", VERDICT_UNSURE},
        {"{\"success\":true}{\"success\":false}", VERDICT_UNSURE},
        {"{\"success\":true,\"success\":true}", VERDICT_UNSURE},
        {"{\"success\":true,\"\\u0073uccess\":false}", VERDICT_UNSURE},
        {"{\"success\":true,\"x\":\"\\u0000\"}", VERDICT_UNSURE},
        {"{\"success\":true,\"x\":\"\xff\"}", VERDICT_UNSURE},
        {"[{\"success\":true}]", VERDICT_UNSURE},
        {"true", VERDICT_UNSURE},
        {"", VERDICT_UNSURE},
        {"{}", VERDICT_UNSURE},
        {"<html>success:true</html>", VERDICT_UNSURE},
        /* 16 levels are read, 17 are not */
        {"{\"success\":true,\"x\":[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]}", VERDICT_DONE},
        {"{\"success\":true,\"x\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}", VERDICT_UNSURE},
    };
    struct arena arena;

    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct answer answer = read_body(CALL_SUSPEND, 200, rows[i].body, strlen(rows[i].body), &arena);

        if (answer.verdict != rows[i].verdict)
            fail_msg("%s: verdict %d", rows[i].body, (int)answer.verdict);
    }
    arena_clear(&arena);
}

static void cut_is_not_whole(void **state)
{
    static const char body[] = "{\"success\":true,\"message\":\"zaten askıda\"}";
    struct observation seen = {.passed = true, .status = 200, .body = body, .body_len = sizeof body - 1};
    struct arena arena;
    struct answer answer;

    (void)state;
    arena_init(&arena);
    seen.body_cut = true;
    answer_read(&answer, &provider_license724, CALL_CREATE, &account, &seen, &arena);
    assert_int_equal(answer.verdict, VERDICT_UNSURE);
    assert_null(answer.message);
    assert_false(answer.hint_already);
    seen.body_cut = false;
    seen.end = CALL_END_BROKEN;
    seen.curl_code = 18;
    answer_read(&answer, &provider_license724, CALL_CREATE, &account, &seen, &arena);
    assert_int_equal(answer.verdict, VERDICT_UNSURE);
    assert_null(answer.message);
    arena_clear(&arena);
}

static void credits_exact(void **state)
{
    static const struct {
        const char *json;
        bool ok;
        credits_t credits;
    } rows[] = {
        {"120", true, 120000000},
        {"0", true, 0},
        {"0.1", true, 100000},
        {"4.50", true, 4500000},
        {"0.000001", true, 1},
        {"999999999.999999", true, 999999999999999},
        {"123456789.123457", true, 123456789123457},
        {"\"4.5\"", true, 4500000},
        {"\"120\"", true, 120000000},
        {"1000000000", true, 1000000000000000},
        {"1000000001", false, 0},
        {"4.1234567", false, 0},
        {"0.30000000000000004", false, 0},
        {"-1", false, 0},
        {"-0.5", false, 0},
        {"-0.0", false, 0},
        {"\"-1\"", false, 0},
        {"1e2", false, 0},
        {"1E+2", false, 0},
        {"1.5e0", false, 0},
        {"\"1e2\"", false, 0},
        {"\"1,5\"", false, 0},
        {"\"\"", false, 0},
        {"null", false, 0},
        {"true", false, 0},
        {"[4]", false, 0},
        {"1000000000.5", false, 0},
    };
    struct arena arena;

    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *body = arena_printf(&arena, "{\"success\":true,\"account\":{\"balance\":%s}}", rows[i].json);
        struct answer answer = read_body(CALL_BALANCE, 200, body, strlen(body), &arena);

        if (answer.verdict != VERDICT_DONE || answer.has_balance != rows[i].ok || answer.balance != rows[i].credits)
            fail_msg("%s: %d %lld", rows[i].json, answer.has_balance, (long long)answer.balance);
    }
    arena_clear(&arena);
}

/* Every price in steps of a millionth must come through the double unchanged. */
static void credits_every_fraction(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena);
    for (int micro = 1; micro < 1000000; micro += 37) {
        const char *body = arena_printf(&arena, "{\"success\":true,\"account\":{\"balance\":999999998.%06d}}", micro);
        struct answer answer = read_body(CALL_BALANCE, 200, body, strlen(body), &arena);

        assert_true(answer.has_balance);
        assert_int_equal(answer.balance, INT64_C(999999998000000) + micro);
    }
    arena_clear(&arena);
}

static void hints(void **state)
{
    static const struct {
        const char *body;
        bool credits, exists, already;
    } rows[] = {
        {"{\"success\":false,\"message\":\"Yetersiz bakiye.\"}", true, false, false},
        {"{\"success\":false,\"error\":\"Lisans MEVCUT\"}", false, true, false},
        {"{\"success\":false,\"message\":\"Olmadı\",\"error\":\"bu lisans Zaten Askıda\"}", false, false, true},
        {"{\"success\":false,\"message\":\"Geçersiz\"}", false, false, false},
        {"{\"success\":false,\"note\":\"bakiye mevcut\"}", false, false, false},
        {"{\"success\":false,\"message\":[\"bakiye\"]}", false, false, false},
    };
    struct arena arena;

    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct answer answer = read_body(CALL_SUSPEND, 200, rows[i].body, strlen(rows[i].body), &arena);

        assert_int_equal(answer.hint_short_of_credits, rows[i].credits);
        assert_int_equal(answer.hint_exists, rows[i].exists);
        assert_int_equal(answer.hint_already, rows[i].already);
    }
    arena_clear(&arena);
}

static void message_bounded(void **state)
{
    struct arena arena;
    char *body = NULL;
    struct answer answer;

    (void)state;
    arena_init(&arena);
    body = arena_alloc(&arena, 4096);
    strncpy(body, "{\"success\":false,\"message\":\"x", 64);
    for (int i = 0; i < 400; i++)
        strncat(body, "ı", 4);
    strncat(body, "\"}", 4);
    answer = read_body(CALL_SUSPEND, 200, body, strlen(body), &arena);
    assert_int_equal(strlen(answer.message), ANSWER_MESSAGE_MAX - 1); /* x and 249 letters of two bytes */
    arena_clear(&arena);
}

static void token_masked(void **state)
{
    static const char body[] = "{\"success\":false,\"message\":\"unknown key s3cr3t-t\\u006fken-12\"}";
    static char plain[] = "key s3cr3t-token-12, key s3cr3t-token-12!";
    struct arena arena;
    struct answer answer;

    (void)state;
    arena_init(&arena);
    assert_true(secret_set(&account.token, "s3cr3t-token-12", 15));
    answer = read_body(CALL_SUSPEND, 200, body, sizeof body - 1, &arena);
    assert_string_equal(answer.message, "unknown key ***************");
    assert_null(strstr(answer.reason, "s3cr3t"));
    mask_token(plain, sizeof plain - 1, &account.token);
    assert_string_equal(plain, "key ***************, key ***************!");
    secret_clear(&account.token);
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_objects), cmocka_unit_test(cut_is_not_whole),       cmocka_unit_test(credits_exact),
        cmocka_unit_test(hints),         cmocka_unit_test(credits_every_fraction), cmocka_unit_test(message_bounded),
        cmocka_unit_test(token_masked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
