/* SPDX-License-Identifier: Apache-2.0 */
/* Unit test of the pure parts of the front door: the rules of a batch, the form
 * of the webhook headers, the meter of refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fcgi/auth.h"
#include "fcgi/batch_rules.h"
#include "fcgi/refusal.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const struct config_account ACCOUNT = {.name = "main", .provider = "724license"};
static const struct config_account OTHER_ACCOUNT = {.name = "second", .provider = "724license"};
static const struct config_product CPANEL = {.code = "cpanel", .account = &ACCOUNT, .upstream_type = "cpanel"};
static const struct config_product LITESPEED = {.code = "ls", .account = &ACCOUNT, .upstream_type = "litespeed"};
static const struct config_product OTHER = {.code = "cp2", .account = &OTHER_ACCOUNT, .upstream_type = "cpanel"};

struct facts {
    const char *source, *delivery, *key, *service;
    const struct config_product *product, *new_product;
    const char *ip, *new_ip;
};

static bool admit(struct batch_rules *rules, const struct facts *facts)
{
    struct order_request request = {
        .operation_key = facts->key,
        .service_id = facts->service,
        .product = facts->product,
        .new_product = facts->new_product,
        .ip = facts->ip,
        .new_ip = facts->new_ip,
    };
    struct intake_event event = {.source = facts->source, .delivery_id = facts->delivery, .request = &request};
    return batch_rules_admit(rules, &event);
}

static void batches_are_independent(void **state)
{
    static const struct facts first = {"demo", "d1", "k1", "s1", &CPANEL, NULL, "192.0.2.1", "192.0.2.9"};
    static const struct {
        struct facts facts;
        bool together;
        const char *what;
    } rows[] = {
        {{"demo", "d2", "k2", "s2", &CPANEL, NULL, "192.0.2.2", NULL}, true, "nothing shared"},
        {{"demo", "d2", "k2", "s2", &CPANEL, NULL, NULL, NULL}, true, "no address"},
        {{"demo", "d1", "k2", "s2", &CPANEL, NULL, "192.0.2.2", NULL}, false, "same delivery"},
        {{"demo", "d2", "k1", "s2", &CPANEL, NULL, "192.0.2.2", NULL}, false, "same key"},
        {{"demo", "d2", "k2", "s1", &CPANEL, NULL, "192.0.2.2", NULL}, false, "same service"},
        {{"other", "d1", "k1", "s1", &CPANEL, NULL, "192.0.2.2", NULL}, true, "same words of another source"},
        {{"other", "d2", "k2", "s2", &CPANEL, NULL, "192.0.2.1", NULL}, false, "same pair of another source"},
        {{"demo", "d2", "k2", "s2", &CPANEL, NULL, "192.0.2.9", NULL}, false, "address is another's new one"},
        {{"demo", "d2", "k2", "s2", &CPANEL, NULL, "192.0.2.2", "192.0.2.1"}, false, "new address is another's"},
        {{"demo", "d2", "k2", "s2", &LITESPEED, NULL, "192.0.2.1", NULL}, true, "same address, other type"},
        {{"demo", "d2", "k2", "s2", &LITESPEED, &CPANEL, "192.0.2.1", NULL}, false, "type becomes another's"},
        {{"demo", "d2", "k2", "s2", &OTHER, NULL, "192.0.2.1", NULL}, true, "other account"},
        {{"demo", "k1", "d1", "s2", &CPANEL, NULL, "192.0.2.2", NULL}, true, "a key is no delivery id"},
    };
    static struct batch_rules rules;
    (void)state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        batch_rules_begin(&rules, 4711);
        assert_true(admit(&rules, &first));
        if (admit(&rules, &rows[i].facts) != rows[i].together)
            fail_msg("%s", rows[i].what);
    }
}

/* What collides with a waiting one waits behind it. */
static void nothing_overtakes(void **state)
{
    static const struct facts first = {"demo", "d1", "k1", "s1", &CPANEL, NULL, "192.0.2.1", NULL};
    static const struct facts second = {"demo", "d2", "k2", "s1", &CPANEL, NULL, "192.0.2.2", NULL};
    static const struct facts third = {"demo", "d3", "k3", "s3", &CPANEL, NULL, "192.0.2.2", NULL};
    static struct batch_rules rules;
    (void)state;

    batch_rules_begin(&rules, 1);
    assert_true(admit(&rules, &first));
    assert_false(admit(&rules, &second));
    assert_false(admit(&rules, &third));
    batch_rules_begin(&rules, 1);
    assert_true(admit(&rules, &third));
    /* One event whose own pairs coincide is no collision. */
    struct facts self = {"demo", "d4", "k4", "s4", &CPANEL, &CPANEL, "192.0.2.7", "192.0.2.7"};
    assert_true(admit(&rules, &self));
}

static void full_batches_fit(void **state)
{
    static struct batch_rules rules;
    char words[3][32];
    (void)state;

    batch_rules_begin(&rules, 99);
    for (int i = 0; i < BATCH_LOOKED_AT_MAX; i++) {
        snprintf(words[0], sizeof words[0], "w%d", i);
        snprintf(words[1], sizeof words[1], "192.0.2.%d", i);
        snprintf(words[2], sizeof words[2], "198.51.100.%d", i);
        struct facts facts = {"demo", words[0], words[0], words[0], &CPANEL, &LITESPEED, words[1], words[2]};
        assert_true(admit(&rules, &facts));
    }
}

static void delivery_ids_have_a_form(void **state)
{
    static const struct {
        const char *id;
        bool good;
    } rows[] = {
        {"msg_p5jXN8AQM9LWM0D4loKWxJek", true},
        {"a", true},
        {"8123:create:1", true},
        {"~!@", true},
        {"", false},
        {"a.b", false},
        {"a b", false},
        {"a\tb", false},
        {"a\x7f", false},
        {"\xc3\xa4", false},
    };
    char long_id[AUTH_ID_MAX + 2];
    (void)state;

    for (size_t i = 0; i < COUNT(rows); i++)
        if (auth_id_ok(rows[i].id) != rows[i].good)
            fail_msg("%s", rows[i].id);
    memset(long_id, 'a', sizeof long_id);
    long_id[AUTH_ID_MAX + 1] = '\0';
    assert_false(auth_id_ok(long_id));
    long_id[AUTH_ID_MAX] = '\0';
    assert_true(auth_id_ok(long_id));
}

static void signatures_have_a_form(void **state)
{
    static const struct {
        const char *header;
        bool good;
    } rows[] = {
        {"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", true},
        {"v1,AAAA v1,BBBB", true},
        {"v1a,AAAA v2,BBBB v1,CCCC", true},
        {"v1,AA==", true},
        {"", false},
        {"v1", false},
        {"v1,", false},
        {"v1,AAA", false},
        {"v1,====", false},
        {"v1,AAAA=", false},
        {"v1,A===", false},
        {"v1,AAAA, v1,BBBB", false},
        {"v1,AAAA,v1,BBBB", false},
        {"v1,AAAA  v1,BBBB", false},
        {" v1,AAAA", false},
        {"v1,AAAA ", false},
        {"v1=AAAA", false},
        {"AAAA", false},
        {"v1,AA-_", false},
        {"v,AAAA", false},
    };
    (void)state;

    for (size_t i = 0; i < COUNT(rows); i++)
        if (auth_signature_form_ok(rows[i].header) != rows[i].good)
            fail_msg("%s", rows[i].header);
}

static void refusals_are_bounded(void **state)
{
    struct refusal_meter meter = {0};
    int64_t suppressed = -1;
    (void)state;

    for (int i = 0; i < REFUSALS_PER_MINUTE; i++)
        assert_true(refusal_admit(&meter, 60000 + i, &suppressed));
    assert_int_equal(suppressed, 0);
    for (int i = 0; i < 7; i++)
        assert_false(refusal_admit(&meter, 119999, &suppressed));
    assert_true(refusal_admit(&meter, 120000, &suppressed));
    assert_int_equal(suppressed, 7);
    assert_true(refusal_admit(&meter, 120001, &suppressed));
    assert_int_equal(suppressed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_are_independent), cmocka_unit_test(nothing_overtakes),
        cmocka_unit_test(full_batches_fit),        cmocka_unit_test(delivery_ids_have_a_form),
        cmocka_unit_test(signatures_have_a_form),  cmocka_unit_test(refusals_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
