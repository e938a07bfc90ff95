/* SPDX-License-Identifier: Apache-2.0 */
/* Unit test of base/signature: the vector that npm standardwebhooks signs, and
 * every way a header can be wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/signature.h"
#include "base/text.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define BODY        "{\"test\": 2432232314}"
#define RIGHT       "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
#define WRONG       "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OA="

static const struct signature_message vector = {"msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", BODY, sizeof(BODY) - 1};
static struct secret secrets[3]; /* another, the vector's, an empty one */

static int setup(void **state)
{
    const char *problem;

    (void)state;
    if (!secret_parse_whsec(&secrets[0], "whsec_BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB", &problem))
        return -1;
    return secret_parse_whsec(&secrets[1], "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", &problem) ? 0 : -1;
}

static void vector_is_reproduced(void **state)
{
    char out[SIGNATURE_TEXT_MAX];

    (void)state;
    signature_sign(&secrets[1], &vector, out);
    assert_string_equal(out, RIGHT);
    struct signature_message empty = {"a", "1", NULL, 0};
    signature_sign(&secrets[1], &empty, out);
    assert_true(signature_verify(secrets, 3, out, &empty));
}

static void headers_are_judged(void **state)
{
    static const struct {
        const char *header;
        bool fits;
    } rows[] = {
        {RIGHT, true},
        {WRONG " " RIGHT, true},
        {RIGHT " " WRONG, true},
        {"v1a,xyz " RIGHT, true},
        {"  " RIGHT "  ", true},
        {"x x x x x x x x x x x x x x x " RIGHT, true},    /* the 16th */
        {"x x x x x x x x x x x x x x x x " RIGHT, false}, /* the 17th */
        {WRONG, false},
        {"", false},
        {" ", false},
        {"v1,", false},
        {"v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", false},
        {"V1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", false},
        {"g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", false},
        {"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE", false},
        {RIGHT "=", false},
        {RIGHT "," RIGHT, false},
        {RIGHT "\t", false},
        /* the same bytes with a stray bit in the last character */
        {"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OF=", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (signature_verify(secrets, 3, rows[i].header, &vector) != rows[i].fits)
            fail_msg("row %zu: %s", i, rows[i].header);
    assert_false(signature_verify(secrets, 1, RIGHT, &vector));
    assert_false(signature_verify(secrets, 0, RIGHT, &vector));
    assert_true(signature_verify(secrets + 1, 1, RIGHT, &vector));
}

static void every_part_is_signed(void **state)
{
    static const struct signature_message rows[] = {
        {"msg_p5jXN8AQM9LWM0D4loKWxJel", "1614265330", BODY, sizeof(BODY) - 1},
        {"msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265331", BODY, sizeof(BODY) - 1},
        {"msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", BODY, sizeof(BODY) - 2},
        {"msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", "{\"test\": 2432232315}", sizeof(BODY) - 1},
        {"msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", NULL, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (signature_verify(secrets, 3, RIGHT, &rows[i]))
            fail_msg("row %zu", i);
}

static void an_empty_secret_signs_nothing(void **state)
{
    char out[SIGNATURE_TEXT_MAX];

    (void)state;
    signature_sign(&secrets[2], &vector, out);
    assert_false(signature_verify(secrets, 3, out, &vector));
}

static void timestamps_have_a_tolerance(void **state)
{
    static const struct {
        const char *timestamp;
        int64_t now_s;
        bool ok;
    } rows[] = {
        {"1614265330", 1614265330, true},
        {"1614265330", 1614265630, true},
        {"1614265330", 1614265631, false},
        {"1614265330", 1614265030, true},
        {"1614265330", 1614265029, false},
        {"0", 0, true},
        {"-0", 0, false},
        {"-1", 0, false},
        {"+1614265330", 1614265330, false},
        {" 1614265330", 1614265330, false},
        {"1614265330 ", 1614265330, false},
        {"1614265330.0", 1614265330, false},
        {"0x0", 0, false},
        {"", 0, false},
        {"99999999999999999999999", 0, false},
        {"4611686018427387903", INT64_MIN, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (signature_timestamp_ok(rows[i].timestamp, rows[i].now_s) != rows[i].ok)
            fail_msg("row %zu: %s", i, rows[i].timestamp);
}

static void digests_are_sha256(void **state)
{
    unsigned char digest[DIGEST_SIZE];
    char text[2 * DIGEST_SIZE + 1];

    (void)state;
    digest_sha256("abc", 3, digest);
    text_hex(digest, sizeof(digest), text);
    assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    digest_sha256(NULL, 0, digest);
    text_hex(digest, sizeof(digest), text);
    assert_string_equal(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

#define HEX_BARE  "50b0123e6e44430d2c43ecca0ee520d961ffd326425c07859f70a57161c3ebcd"
#define HEX_TIMED "ba1e109459783066b81cb6acdef745a8d97e4e5e1f99b9f003ee9108b4e4832b"
/* HMAC-SHA256 of "{}" and of "17.{}" under "It's a Secret to Everybody" (openssl dgst -hmac). */
static void hex_signatures_fit_or_not(void **state)
{
    struct secret keys[2] = {{.len = 0}};
    const char *const bare[] = {HEX_BARE};
    const char *const timed[] = {HEX_BARE, HEX_TIMED};
    (void)state;

    assert_true(secret_set(&keys[1], "It's a Secret to Everybody", 26));
    assert_true(signature_verify_hex(keys, 2, bare, 1, NULL, "{}", 2));
    assert_true(signature_verify_hex(keys, 2, timed, 2, "17", "{}", 2));
    assert_false(signature_verify_hex(keys, 2, bare, 1, "17", "{}", 2));
    assert_false(signature_verify_hex(keys, 2, timed, 2, "18", "{}", 2));
    assert_false(signature_verify_hex(keys, 2, bare, 1, NULL, "{} ", 3));
    assert_false(signature_verify_hex(keys, 2, bare, 0, NULL, "{}", 2));
    assert_false(signature_verify_hex(keys, 1, bare, 1, NULL, "{}", 2)); /* an empty key opens nothing */
    assert_false(signature_verify_hex(keys, 0, bare, 1, NULL, "{}", 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vector_is_reproduced),        cmocka_unit_test(headers_are_judged),
        cmocka_unit_test(every_part_is_signed),        cmocka_unit_test(an_empty_secret_signs_nothing),
        cmocka_unit_test(timestamps_have_a_tolerance), cmocka_unit_test(digests_are_sha256),
        cmocka_unit_test(hex_signatures_fit_or_not),
    };
    return cmocka_run_group_tests_name("signature", tests, setup, NULL);
}
