/* SPDX-License-Identifier: Apache-2.0 */
/* Every word both ways, and what is not a word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "order/plan.h"
#include "order/words.h"

static const struct {
    enum order_type type;
    const char *word;
    bool paid_724license;
} TYPES[] = {
    {ORDER_CREATE, "license.create", true},
    {ORDER_RENEW, "license.renew", true},
    {ORDER_SUSPEND, "license.suspend", false},
    {ORDER_UNSUSPEND, "license.unsuspend", false},
    {ORDER_TERMINATE, "license.terminate", false},
    {ORDER_CHANGE_IP, "license.change_ip", false},
    {ORDER_CHANGE_PRODUCT, "license.change_product", true},
    {ORDER_VERIFY, "license.verify", false},
};

static const struct {
    enum order_state state;
    const char *word;
    bool finished;
    bool rests;
} STATES[] = {
    {ORDER_QUEUED, "queued", false, false},     {ORDER_BLOCKED, "blocked", false, false},
    {ORDER_HELD, "held", false, true},          {ORDER_CALLING, "calling", false, false},
    {ORDER_IN_DOUBT, "in_doubt", false, false}, {ORDER_NEEDS_REVIEW, "needs_review", false, true},
    {ORDER_SUCCEEDED, "succeeded", true, true}, {ORDER_FAILED, "failed", true, true},
    {ORDER_CANCELLED, "cancelled", true, true},
};

static const char *const NO_WORDS[] = {NULL,     "",         "create", "license.create ", "License.create",
                                       "QUEUED", "in doubt", "none"};

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static void types_have_words_and_prices(void **state)
{
    (void)state;
    assert_int_equal(COUNT(TYPES), ORDER_TYPE_COUNT);
    for (size_t i = 0; i < COUNT(TYPES); i++) {
        enum order_type type = ORDER_TYPE_COUNT;
        assert_string_equal(order_type_word(TYPES[i].type), TYPES[i].word);
        assert_true(order_type_parse(TYPES[i].word, &type));
        assert_int_equal(type, TYPES[i].type);
        assert_int_equal(order_type_paid(type, PROVIDER_724LICENSE), TYPES[i].paid_724license);
        assert_false(order_type_paid(type, PROVIDER_LISANSZONE));
    }
}

static void states_have_words_and_ends(void **state)
{
    (void)state;
    assert_int_equal(COUNT(STATES), ORDER_STATE_COUNT);
    for (size_t i = 0; i < COUNT(STATES); i++) {
        enum order_state parsed = ORDER_STATE_COUNT;
        assert_string_equal(order_state_word(STATES[i].state), STATES[i].word);
        assert_true(order_state_parse(STATES[i].word, &parsed));
        assert_int_equal(parsed, STATES[i].state);
        assert_int_equal(order_state_finished(parsed), STATES[i].finished);
        assert_int_equal(order_state_rests(parsed), STATES[i].rests);
    }
}

static void providers_and_verifications_have_words(void **state)
{
    (void)state;
    enum provider_kind kind = PROVIDER_KIND_COUNT;
    assert_true(provider_kind_parse("724license", &kind));
    assert_int_equal(kind, PROVIDER_724LICENSE);
    assert_string_equal(provider_kind_word(kind), "724license");
    assert_true(provider_kind_parse("lisanszone", &kind));
    assert_int_equal(kind, PROVIDER_LISANSZONE);
    assert_string_equal(provider_kind_word(kind), "lisanszone");

    static const struct {
        enum verification verification;
        const char *word;
    } rows[] = {{VERIFICATION_HWID, "hwid"},
                {VERIFICATION_DOMAIN, "domain"},
                {VERIFICATION_IP, "ip"},
                {VERIFICATION_ALL, "all"}};
    assert_null(verification_word(VERIFICATION_NONE));
    for (size_t i = 0; i < COUNT(rows); i++) {
        enum verification verification = VERIFICATION_NONE;
        assert_true(verification_parse(rows[i].word, &verification));
        assert_int_equal(verification, rows[i].verification);
        assert_string_equal(verification_word(verification), rows[i].word);
    }
    assert_string_equal(verdict_word(VERDICT_DONE), "done");
    assert_string_equal(verdict_word(VERDICT_LATER), "later");
    assert_string_equal(verdict_word(VERDICT_REFUSED), "refused");
    assert_string_equal(verdict_word(VERDICT_UNSURE), "unsure");
}

static void other_words_are_refused_and_leave_the_value(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(NO_WORDS); i++) {
        enum order_type type = ORDER_VERIFY;
        enum order_state order_state = ORDER_HELD;
        enum provider_kind kind = PROVIDER_LISANSZONE;
        enum verification verification = VERIFICATION_ALL;
        assert_false(order_type_parse(NO_WORDS[i], &type));
        assert_false(order_state_parse(NO_WORDS[i], &order_state));
        assert_false(provider_kind_parse(NO_WORDS[i], &kind));
        assert_false(verification_parse(NO_WORDS[i], &verification));
        assert_true(type == ORDER_VERIFY && order_state == ORDER_HELD);
        assert_true(kind == PROVIDER_LISANSZONE && verification == VERIFICATION_ALL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_have_words_and_prices),
        cmocka_unit_test(states_have_words_and_ends),
        cmocka_unit_test(providers_and_verifications_have_words),
        cmocka_unit_test(other_words_are_refused_and_leave_the_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
