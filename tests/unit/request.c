/* SPDX-License-Identifier: Apache-2.0 */
/* What may become an order: one row per rule of DESIGN.md 5.1, each a change to
 * a request that passes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/text.h"
#include "order/plan.h"
#include "order/request.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const struct config_account ACCOUNTS[] = {
    {.name = "main", .provider = "724license"},
    {.name = "second", .provider = "724license"},
    {.name = "zone", .provider = "lisanszone"},
};

static const struct config_product PRODUCTS[] = {
    {.code = "cpanel", .account = &ACCOUNTS[0], .upstream_type = "cpanel"},
    {.code = "ls", .account = &ACCOUNTS[0], .upstream_type = "litespeed"},
    {.code = "ls-x", .account = &ACCOUNTS[0], .upstream_type = "litespeed_x_core"},
    {.code = "ls-again", .account = &ACCOUNTS[0], .upstream_type = "litespeed"},
    {.code = "ls-second", .account = &ACCOUNTS[1], .upstream_type = "litespeed_x_core"},
    {.code = "app", .account = &ACCOUNTS[2], .upstream_type = "app"},
    {.code = "secret", .account = &ACCOUNTS[0], .upstream_type = "litespeed_secret"},
};

static const struct config_product *const PERMITTED[] = {&PRODUCTS[0], &PRODUCTS[1], &PRODUCTS[2],
                                                         &PRODUCTS[3], &PRODUCTS[4], &PRODUCTS[5]};

static const struct config_source SOURCE = {.name = "demo", .products = PERMITTED, .product_count = COUNT(PERMITTED)};

static const struct config CONFIG = {
    .accounts = ACCOUNTS,
    .account_count = COUNT(ACCOUNTS),
    .products = PRODUCTS,
    .product_count = COUNT(PRODUCTS),
    .sources = &SOURCE,
    .source_count = 1,
};

static struct order_request REQUEST; /* the row's, before each change */

static struct order_request request_new(enum order_type type, const char *product)
{
    bool zone = strcmp(product, "app") == 0;
    struct order_request request = {
        .type = type,
        .service_id = "8123",
        .product_code = product,
        .event_ms = INT64_MIN,
    };
    if (zone) {
        request.license_key = "K-1";
        request.customer_email = "m@example.com";
    } else {
        request.ip = "203.0.113.10";
    }
    if (!zone && (type == ORDER_CREATE || type == ORDER_RENEW))
        request.billing_months = 1;
    if (!zone && order_type_paid(type, PROVIDER_724LICENSE))
        request.operation_key = "8123:1";
    if (type == ORDER_CHANGE_IP)
        request.new_ip = "203.0.113.20";
    if (type == ORDER_CHANGE_PRODUCT)
        request.new_product_code = "ls-x";
    return request;
}

/* A text of len bytes, in one of a few static buffers. */
static const char *text_of(size_t len)
{
    static char buffers[4][512];
    static size_t turn;
    char *buffer = buffers[turn++ % COUNT(buffers)];
    memset(buffer, 'a', len);
    buffer[len] = '\0';
    return buffer;
}

static bool check(struct order_request *request, struct arena *arena, struct problem *problem)
{
    return request_check(request, &CONFIG, &SOURCE, "msg_1", arena, problem);
}

#define SET(statement) ((void)(statement))

/* Expands to one check of REQUEST after `change`; status 0: it must pass. */
#define ROW(type, product, change, want_status, want_field)                                                            \
    do {                                                                                                               \
        struct arena arena;                                                                                            \
        struct problem problem = {0};                                                                                  \
        arena_init(&arena);                                                                                            \
        REQUEST = request_new((type), (product));                                                                      \
        SET(change);                                                                                                   \
        bool passed = check(&REQUEST, &arena, &problem);                                                               \
        row_judge(__LINE__, passed, &problem, (want_status), (want_field));                                            \
        arena_clear(&arena);                                                                                           \
    } while (0)

#define PASSES(type, product, change)           ROW(type, product, change, 0, "")
#define REFUSED(type, product, change, field)   ROW(type, product, change, 422, field)
#define FORBIDDEN(type, product, change, field) ROW(type, product, change, 403, field)

static void row_judge(int line, bool passed, const struct problem *problem, int status, const char *field)
{
    if (passed != (status == 0))
        fail_msg("line %d: %s %s", line, passed ? "passed" : "refused:", passed ? "" : problem->text);
    if (passed)
        return;
    if (problem->status != status || strcmp(problem->field, field) != 0)
        fail_msg("line %d: %d %s: %s", line, problem->status, problem->field, problem->text);
    /* A sentence that names the field or, for a type, its word. */
    if (strstr(problem->text, strcmp(field, "type") == 0 ? "license." : field) == NULL)
        fail_msg("line %d: the text does not name %s: %s", line, field, problem->text);
}

static void types_go_where_they_are_offered(void **state)
{
    (void)state;
    for (int type = 0; type < ORDER_TYPE_COUNT; type++) {
        enum order_type t = (enum order_type)type;
        if (t == ORDER_VERIFY)
            REFUSED(t, "ls", 0, "type");
        else
            PASSES(t, "ls", 0);
        if (t == ORDER_CHANGE_IP || t == ORDER_CHANGE_PRODUCT)
            REFUSED(t, "app", 0, "type");
        else
            PASSES(t, "app", 0);
    }
}

static void required_fields_are_required(void **state)
{
    (void)state;
    for (int type = 0; type < ORDER_TYPE_COUNT; type++) {
        enum order_type t = (enum order_type)type;
        if (t != ORDER_VERIFY) {
            REFUSED(t, "ls", REQUEST.service_id = NULL, "data.service_id");
            REFUSED(t, "ls", REQUEST.product_code = NULL, "data.product_code");
            REFUSED(t, "ls", REQUEST.ip = NULL, "data.ip");
        }
        if (t != ORDER_CHANGE_IP && t != ORDER_CHANGE_PRODUCT) {
            REFUSED(t, "app", REQUEST.license_key = NULL, "data.license_key");
            REFUSED(t, "app", REQUEST.customer_email = NULL, "data.customer_email");
        }
    }
    REFUSED(ORDER_CREATE, "cpanel", REQUEST.billing_months = 0, "data.billing_months");
    REFUSED(ORDER_RENEW, "cpanel", REQUEST.billing_months = 0, "data.billing_months");
    REFUSED(ORDER_CREATE, "cpanel", REQUEST.operation_key = NULL, "data.operation_key");
    REFUSED(ORDER_RENEW, "cpanel", REQUEST.operation_key = NULL, "data.operation_key");
    REFUSED(ORDER_CHANGE_PRODUCT, "ls", REQUEST.operation_key = NULL, "data.operation_key");
    REFUSED(ORDER_CHANGE_PRODUCT, "ls", REQUEST.new_product_code = NULL, "data.new_product_code");
    REFUSED(ORDER_CHANGE_IP, "cpanel", REQUEST.new_ip = NULL, "data.new_ip");
}

static void products_are_known_and_permitted(void **state)
{
    (void)state;
    REFUSED(ORDER_CREATE, "cpanel", REQUEST.product_code = "plesk", "data.product_code");
    REFUSED(ORDER_CREATE, "cpanel", REQUEST.product_code = "", "data.product_code");
    FORBIDDEN(ORDER_CREATE, "cpanel", REQUEST.product_code = "secret", "data.product_code");
    REFUSED(ORDER_CHANGE_PRODUCT, "ls", REQUEST.new_product_code = "plesk", "data.new_product_code");
    FORBIDDEN(ORDER_CHANGE_PRODUCT, "ls", REQUEST.new_product_code = "secret", "data.new_product_code");
}

static void changes_lead_somewhere_else(void **state)
{
    (void)state;
    PASSES(ORDER_CHANGE_PRODUCT, "ls-x", REQUEST.new_product_code = "ls");
    REFUSED(ORDER_CHANGE_PRODUCT, "cpanel", 0, "data.product_code");
    REFUSED(ORDER_CHANGE_PRODUCT, "ls", REQUEST.new_product_code = "cpanel", "data.new_product_code");
    REFUSED(ORDER_CHANGE_PRODUCT, "ls", REQUEST.new_product_code = "ls", "data.new_product_code");
    REFUSED(ORDER_CHANGE_PRODUCT, "ls", REQUEST.new_product_code = "ls-again", "data.new_product_code");
    REFUSED(ORDER_CHANGE_PRODUCT, "ls", REQUEST.new_product_code = "ls-second", "data.new_product_code");
    REFUSED(ORDER_CHANGE_IP, "ls", REQUEST.new_ip = "203.0.113.10", "data.new_ip");
    REFUSED(ORDER_CHANGE_IP, "ls", (REQUEST.ip = "2001:db8::1", REQUEST.new_ip = "2001:DB8:0::1"), "data.new_ip");
}

static void verification_gets_what_it_needs(void **state)
{
    (void)state;
    static const enum order_type asking[] = {ORDER_CREATE, ORDER_UNSUSPEND, ORDER_RENEW, ORDER_VERIFY};
    for (size_t i = 0; i < COUNT(asking); i++) {
        enum order_type t = asking[i];
        REFUSED(t, "app", REQUEST.verification = VERIFICATION_HWID, "data.hwid");
        REFUSED(t, "app", REQUEST.verification = VERIFICATION_DOMAIN, "data.domain");
        REFUSED(t, "app", REQUEST.verification = VERIFICATION_IP, "data.ip");
        REFUSED(t, "app", REQUEST.verification = VERIFICATION_ALL, "data.verification_type");
        PASSES(t, "app", (REQUEST.verification = VERIFICATION_HWID, REQUEST.hwid = "hw"));
        PASSES(t, "app", (REQUEST.verification = VERIFICATION_DOMAIN, REQUEST.domain = "example.com"));
        PASSES(t, "app", (REQUEST.verification = VERIFICATION_IP, REQUEST.ip = "203.0.113.10"));
        PASSES(t, "app", (REQUEST.verification = VERIFICATION_ALL, REQUEST.hwid = "hw"));
        PASSES(t, "app", (REQUEST.verification = VERIFICATION_ALL, REQUEST.domain = "example.com"));
        PASSES(t, "app", (REQUEST.verification = VERIFICATION_ALL, REQUEST.ip = "203.0.113.10"));
    }
    /* A deactivation does not send it. */
    PASSES(ORDER_SUSPEND, "app", REQUEST.verification = VERIFICATION_HWID);
    PASSES(ORDER_TERMINATE, "app", REQUEST.verification = VERIFICATION_ALL);
}

static void numbers_have_ranges(void **state)
{
    (void)state;
    PASSES(ORDER_CREATE, "cpanel", REQUEST.billing_months = 120);
    REFUSED(ORDER_CREATE, "cpanel", REQUEST.billing_months = 121, "data.billing_months");
    REFUSED(ORDER_RENEW, "cpanel", REQUEST.billing_months = -1, "data.billing_months");
    REFUSED(ORDER_SUSPEND, "cpanel", REQUEST.billing_months = 121, "data.billing_months");
    PASSES(ORDER_CREATE, "cpanel", REQUEST.has_max_credits = true);
    REFUSED(ORDER_CREATE, "cpanel", (REQUEST.has_max_credits = true, REQUEST.max_credits = -1), "data.max_credits");
    PASSES(ORDER_CREATE, "cpanel", REQUEST.has_sequence = true);
    REFUSED(ORDER_CREATE, "cpanel", (REQUEST.has_sequence = true, REQUEST.sequence = -1), "data.sequence");
}

static void texts_have_spellings(void **state)
{
    (void)state;
    REFUSED(ORDER_CREATE, "cpanel", REQUEST.ip = "203.0.113.010", "data.ip");
    REFUSED(ORDER_CREATE, "cpanel", REQUEST.ip = "127.0.0.1", "data.ip");
    REFUSED(ORDER_CREATE, "cpanel", REQUEST.new_ip = "nowhere", "data.new_ip");
    REFUSED(ORDER_CREATE, "app", REQUEST.ip = "nowhere", "data.ip");
    static const char *const bad_dates[] = {"",           "2026-02-29", "2026-13-01", "2026-00-10",  "2026-04-31",
                                            "2026-04-00", "2026-4-01",  "20260401",   "2026-04-011", "2026/04/01",
                                            "1900-02-29", "0000-01-01", "2026-04-0x", "tomorrow"};
    for (size_t i = 0; i < COUNT(bad_dates); i++)
        REFUSED(ORDER_RENEW, "cpanel", REQUEST.period_end = bad_dates[i], "data.period_end");
    static const char *const dates[] = {"2026-12-31", "2028-02-29", "2000-02-29", "2026-02-28"};
    for (size_t i = 0; i < COUNT(dates); i++)
        PASSES(ORDER_RENEW, "cpanel", REQUEST.period_end = dates[i]);

    static const char *const bad_hosts[] = {"",     "a..b", ".a",    "a.",  "-a.b",        "a-.b",
                                            "a.b-", "a b",  "a_b.c", "a/b", "m\xc3\xbc.de"};
    for (size_t i = 0; i < COUNT(bad_hosts); i++)
        REFUSED(ORDER_CREATE, "app", REQUEST.domain = bad_hosts[i], "data.domain");
    REFUSED(ORDER_CREATE, "app", REQUEST.domain = text_of(64), "data.domain");
    static const char *const hosts[] = {"example.com", "a", "xn--mller-kva.de", "A-1.b2.C3"};
    for (size_t i = 0; i < COUNT(hosts); i++)
        PASSES(ORDER_CREATE, "app", REQUEST.domain = hosts[i]);

    static const char *const bad_mails[] = {"", "m", "@", "m@", "@x", "a@b@c", "a b@c", "a@b c", "a@b\n"};
    for (size_t i = 0; i < COUNT(bad_mails); i++)
        REFUSED(ORDER_CREATE, "app", REQUEST.customer_email = bad_mails[i], "data.customer_email");
    REFUSED(ORDER_CREATE, "app", REQUEST.license_key = "", "data.license_key");
    REFUSED(ORDER_CREATE, "app", REQUEST.license_key = "K\t1", "data.license_key");
    REFUSED(ORDER_CREATE, "app", REQUEST.hwid = "", "data.hwid");
    REFUSED(ORDER_CREATE, "app", REQUEST.hwid = "h\x7f", "data.hwid");
    REFUSED(ORDER_CREATE, "app", REQUEST.hwid = "h\xc2\x85w", "data.hwid");
    PASSES(ORDER_CREATE, "app", REQUEST.hwid = "h\xc3\xbcw \xc2\xa0");
}

static void what_is_not_sent_is_not_judged(void **state)
{
    (void)state;
    PASSES(ORDER_CREATE, "cpanel", REQUEST.domain = "my server!");
    PASSES(ORDER_CREATE, "cpanel", REQUEST.customer_email = "");
    PASSES(ORDER_CREATE, "cpanel", (REQUEST.hwid = "", REQUEST.license_key = ""));
    REFUSED(ORDER_CREATE, "cpanel", REQUEST.domain = "a\nb", "data.domain");
    REFUSED(ORDER_CREATE, "cpanel", REQUEST.domain = text_of(256), "data.domain");
}

static void lengths_are_bounded(void **state)
{
    (void)state;
    REFUSED(ORDER_CREATE, "cpanel", REQUEST.operation_key = "", "data.operation_key");
    REFUSED(ORDER_CREATE, "cpanel", REQUEST.operation_key = "a\x1f", "data.operation_key");
    PASSES(ORDER_CREATE, "cpanel", REQUEST.operation_key = text_of(200));
    REFUSED(ORDER_CREATE, "cpanel", REQUEST.operation_key = text_of(201), "data.operation_key");
    REFUSED(ORDER_CREATE, "cpanel", REQUEST.service_id = "", "data.service_id");
    PASSES(ORDER_CREATE, "cpanel", REQUEST.service_id = text_of(200));
    REFUSED(ORDER_CREATE, "cpanel", REQUEST.service_id = text_of(201), "data.service_id");
    REFUSED(ORDER_CREATE, "cpanel", REQUEST.new_product_code = text_of(201), "data.new_product_code");
    PASSES(ORDER_CREATE, "cpanel", REQUEST.cause = text_of(255));
    REFUSED(ORDER_CREATE, "cpanel", REQUEST.cause = text_of(256), "data.reason");
    REFUSED(ORDER_CREATE, "cpanel", REQUEST.panel_order_id = text_of(256), "data.order_id");
    REFUSED(ORDER_CREATE, "cpanel", REQUEST.invoice_id = text_of(256), "data.invoice_id");
    REFUSED(ORDER_CREATE, "cpanel", REQUEST.invoice_item_id = text_of(256), "data.invoice_item_id");
    REFUSED(ORDER_CREATE, "cpanel", REQUEST.machine_name = text_of(256), "data.metadata.machine_name");
    REFUSED(ORDER_CREATE, "cpanel", REQUEST.os_info = text_of(256), "data.metadata.os_info");
    REFUSED(ORDER_CREATE, "app", REQUEST.license_key = text_of(256), "data.license_key");
    REFUSED(ORDER_CREATE, "app", REQUEST.hwid = text_of(256), "data.hwid");
    PASSES(ORDER_CREATE, "cpanel", REQUEST.cause = "");
}

static void the_second_part_is_filled(void **state)
{
    (void)state;
    struct arena arena;
    struct problem problem = {0};
    arena_init(&arena);

    struct order_request request = request_new(ORDER_CHANGE_PRODUCT, "ls");
    request.ip = "2001:DB8:0:0::1";
    assert_true(check(&request, &arena, &problem));
    assert_ptr_equal(request.product, &PRODUCTS[1]);
    assert_ptr_equal(request.new_product, &PRODUCTS[2]);
    assert_true(request.paid);
    assert_string_equal(request.ip, "2001:db8::1");
    assert_string_equal(request.operation_key, "8123:1");

    request = request_new(ORDER_SUSPEND, "cpanel");
    assert_true(check(&request, &arena, &problem));
    assert_false(request.paid);
    assert_string_equal(request.operation_key, "msg_1");
    request = request_new(ORDER_SUSPEND, "cpanel");
    request.operation_key = "mine";
    assert_true(check(&request, &arena, &problem));
    assert_string_equal(request.operation_key, "mine");

    request = request_new(ORDER_CREATE, "app");
    assert_true(check(&request, &arena, &problem));
    assert_false(request.paid);
    assert_string_equal(request.operation_key, "msg_1");

    request = request_new(ORDER_SUSPEND, "cpanel");
    assert_false(request_check(&request, &CONFIG, &SOURCE, text_of(201), &arena, &problem));
    assert_string_equal(problem.field, "webhook-id");
    arena_clear(&arena);
}

static void print_of(struct order_request request, unsigned char print[DIGEST_SIZE])
{
    struct arena arena;
    struct problem problem = {0};
    arena_init(&arena);
    if (!check(&request, &arena, &problem))
        fail_msg("%s", problem.text);
    memcpy(print, request.fingerprint, DIGEST_SIZE);
    arena_clear(&arena);
}

#define PRINT(change, same)                                                                                            \
    do {                                                                                                               \
        unsigned char print[DIGEST_SIZE];                                                                              \
        REQUEST = first;                                                                                               \
        SET(change);                                                                                                   \
        print_of(REQUEST, print);                                                                                      \
        if ((memcmp(print, before, DIGEST_SIZE) == 0) != (same))                                                       \
            fail_msg("line %d: the fingerprint is %s", __LINE__, (same) ? "another" : "the same");                     \
    } while (0)

static void fingerprints_follow_what_a_key_must_repeat(void **state)
{
    (void)state;
    struct order_request first = request_new(ORDER_CREATE, "ls");
    unsigned char before[DIGEST_SIZE];
    first.service_id = "12";
    first.ip = "2001:db8::1";
    print_of(first, before);

    /* Computed apart from this program: rows written by an older version must
     * still agree with a newer one's. */
    char hex[2 * DIGEST_SIZE + 1];
    text_hex(before, DIGEST_SIZE, hex);
    assert_string_equal(hex, "3e2c47407a82cf8b2a3f3bd3740fd03c0e6d49f744c4250bcaf6ca236ab9bc5a");

    PRINT(REQUEST.ip = "2001:DB8:0::1", true);
    PRINT(REQUEST.operation_key = "other", true);
    PRINT((REQUEST.has_sequence = true, REQUEST.sequence = 5), true);
    PRINT(REQUEST.event_ms = 5, true);
    PRINT(REQUEST.cause = "other", true);
    PRINT(REQUEST.machine_name = "other", true);
    PRINT((REQUEST.has_max_credits = true, REQUEST.max_credits = 5), true);
    PRINT(REQUEST.invoice_id = "other", true);
    PRINT(REQUEST.dry_run = true, true);

    PRINT(REQUEST.type = ORDER_RENEW, false);
    PRINT(REQUEST.service_id = "13", false);
    PRINT(REQUEST.product_code = "ls-x", false);
    PRINT(REQUEST.new_product_code = "ls-x", false);
    PRINT(REQUEST.ip = "2001:db8::2", false);
    PRINT(REQUEST.new_ip = "2001:db8::2", false);
    PRINT(REQUEST.billing_months = 2, false);
    PRINT(REQUEST.period_end = "2026-12-21", false);
    PRINT(REQUEST.license_key = "K", false);
    PRINT(REQUEST.license_key = "", false); /* empty is not absent */
}

static void fingerprints_do_not_run_fields_together(void **state)
{
    (void)state;
    struct order_request first = request_new(ORDER_SUSPEND, "ls");
    unsigned char before[DIGEST_SIZE];
    first.service_id = "12";
    first.license_key = "K";
    print_of(first, before);
    PRINT((REQUEST.service_id = "12l", REQUEST.product_code = "ls"), false);
    PRINT((REQUEST.license_key = NULL, REQUEST.new_product_code = "K"), false);
    PRINT((REQUEST.ip = "203.0.113.1", REQUEST.new_ip = "203.0.113.10"), false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_go_where_they_are_offered),
        cmocka_unit_test(required_fields_are_required),
        cmocka_unit_test(products_are_known_and_permitted),
        cmocka_unit_test(changes_lead_somewhere_else),
        cmocka_unit_test(verification_gets_what_it_needs),
        cmocka_unit_test(numbers_have_ranges),
        cmocka_unit_test(texts_have_spellings),
        cmocka_unit_test(what_is_not_sent_is_not_judged),
        cmocka_unit_test(lengths_are_bounded),
        cmocka_unit_test(the_second_part_is_filled),
        cmocka_unit_test(fingerprints_follow_what_a_key_must_repeat),
        cmocka_unit_test(fingerprints_do_not_run_fields_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
