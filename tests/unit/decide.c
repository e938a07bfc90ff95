/* SPDX-License-Identifier: Apache-2.0 */
/* Every rule from a verdict to the order's next state, one row each, and two
 * rules that must hold over all combinations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "order/decide.h"
#include "order/state.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

#define BACKOFF_MS 4000 /* the ceiling of the second try: all random bits are set below */
#define QUIET_MS   77000
#define ONE        CREDITS_ONE

/* What a row adds to a plain attempt. */
enum {
    PAID = 1 << 0,
    CHANGES = 1 << 1,
    DOUBTED = 1 << 2,
    DENIED = 1 << 3,
    SHORT = 1 << 4,
    ALREADY = 1 << 5,
};
#define BUYS (PAID | CHANGES)

/* What the decision carries beside the state. */
enum {
    ASK_BALANCE = 1 << 0,
    ASK_EVIDENCE = 1 << 1,
    PAUSE = 1 << 2,
    KEY_FREE = 1 << 3,
    IS_DOUBTED = 1 << 4,
    SETTLE = 1 << 5,
};

#define NONE  DECIDE_NO_WAIT
#define NOASK BALANCE_NOT_ASKED, 0, EVIDENCE_NONE

struct row {
    enum verdict verdict;
    enum order_type type;
    unsigned given;
    enum decide_balance balance_read;
    credits_t balance; /* the price is 4 */
    enum decide_evidence evidence;
    enum order_state to;
    const char *code; /* "upstream": the answer's own */
    int64_t wait_ms;
    unsigned carries;
};

static const struct row ROWS[] = {
    {VERDICT_DONE, ORDER_CREATE, BUYS, NOASK, ORDER_SUCCEEDED, "upstream", NONE, 0},
    {VERDICT_DONE, ORDER_CREATE, BUYS | DOUBTED, NOASK, ORDER_SUCCEEDED, "upstream", NONE, IS_DOUBTED},
    {VERDICT_DONE, ORDER_VERIFY, 0, NOASK, ORDER_SUCCEEDED, "upstream", NONE, 0},

    {VERDICT_LATER, ORDER_CREATE, BUYS, NOASK, ORDER_QUEUED, "upstream", BACKOFF_MS, 0},
    {VERDICT_LATER, ORDER_CREATE, BUYS | DOUBTED, NOASK, ORDER_QUEUED, "upstream", BACKOFF_MS, IS_DOUBTED},
    {VERDICT_LATER, ORDER_SUSPEND, CHANGES, NOASK, ORDER_QUEUED, "upstream", BACKOFF_MS, 0},

    {VERDICT_UNSURE, ORDER_CREATE, BUYS, NOASK, ORDER_IN_DOUBT, "upstream", NONE, IS_DOUBTED | SETTLE},
    {VERDICT_UNSURE, ORDER_RENEW, BUYS | DOUBTED, NOASK, ORDER_IN_DOUBT, "upstream", NONE, IS_DOUBTED | SETTLE},
    {VERDICT_UNSURE, ORDER_CHANGE_PRODUCT, BUYS, NOASK, ORDER_IN_DOUBT, "upstream", NONE, IS_DOUBTED | SETTLE},
    {VERDICT_UNSURE, ORDER_SUSPEND, CHANGES, NOASK, ORDER_QUEUED, "upstream", BACKOFF_MS, IS_DOUBTED | SETTLE},
    {VERDICT_UNSURE, ORDER_CHANGE_IP, CHANGES, NOASK, ORDER_QUEUED, "upstream", BACKOFF_MS, IS_DOUBTED | SETTLE},
    {VERDICT_UNSURE, ORDER_VERIFY, 0, NOASK, ORDER_QUEUED, "upstream", BACKOFF_MS, 0},

    /* A refused purchase. */
    {VERDICT_REFUSED, ORDER_CREATE, BUYS | DOUBTED, NOASK, ORDER_NEEDS_REVIEW, "refused_after_doubt", NONE, IS_DOUBTED},
    {VERDICT_REFUSED, ORDER_CREATE, BUYS | DOUBTED, BALANCE_KNOWN, 9 * ONE, EVIDENCE_NONE, ORDER_NEEDS_REVIEW,
     "refused_after_doubt", NONE, IS_DOUBTED},
    {VERDICT_REFUSED, ORDER_CREATE, BUYS | DOUBTED | DENIED, NOASK, ORDER_CALLING, "reading_balance", NONE,
     IS_DOUBTED | ASK_BALANCE},
    {VERDICT_REFUSED, ORDER_CREATE, BUYS | DOUBTED | DENIED, BALANCE_DENIED, 0, EVIDENCE_NONE, ORDER_NEEDS_REVIEW,
     "refused_after_doubt", NONE, IS_DOUBTED | PAUSE},
    {VERDICT_REFUSED, ORDER_CREATE, BUYS | DOUBTED | DENIED, BALANCE_KNOWN, 9 * ONE, EVIDENCE_NONE, ORDER_NEEDS_REVIEW,
     "refused_after_doubt", NONE, IS_DOUBTED},
    {VERDICT_REFUSED, ORDER_CREATE, BUYS | DENIED, BALANCE_UNREADABLE, 0, EVIDENCE_NONE, ORDER_HELD,
     "balance_unreadable", BACKOFF_MS, 0},
    {VERDICT_REFUSED, ORDER_CREATE, BUYS | DENIED, BALANCE_KNOWN, 9 * ONE, EVIDENCE_NONE, ORDER_FAILED, "upstream",
     NONE, KEY_FREE},
    {VERDICT_REFUSED, ORDER_CREATE, BUYS | DENIED, NOASK, ORDER_CALLING, "reading_balance", NONE, ASK_BALANCE},
    {VERDICT_REFUSED, ORDER_CREATE, BUYS, NOASK, ORDER_CALLING, "reading_balance", NONE, ASK_BALANCE},
    {VERDICT_REFUSED, ORDER_CREATE, BUYS | SHORT, NOASK, ORDER_CALLING, "reading_balance", NONE, ASK_BALANCE},
    {VERDICT_REFUSED, ORDER_CREATE, BUYS | ALREADY, NOASK, ORDER_CALLING, "reading_balance", NONE, ASK_BALANCE},
    {VERDICT_REFUSED, ORDER_CREATE, BUYS, BALANCE_DENIED, 0, EVIDENCE_NONE, ORDER_HELD, "account_denied", NONE, PAUSE},
    {VERDICT_REFUSED, ORDER_CREATE, BUYS, BALANCE_UNREADABLE, 0, EVIDENCE_NONE, ORDER_HELD, "balance_unreadable",
     BACKOFF_MS, 0},
    {VERDICT_REFUSED, ORDER_CREATE, BUYS | SHORT, BALANCE_UNREADABLE, 0, EVIDENCE_NONE, ORDER_HELD, "short_of_credits",
     BACKOFF_MS, 0},
    {VERDICT_REFUSED, ORDER_CREATE, BUYS, BALANCE_KNOWN, 4 * ONE - 1, EVIDENCE_NONE, ORDER_HELD, "short_of_credits",
     BACKOFF_MS, 0},
    {VERDICT_REFUSED, ORDER_RENEW, BUYS | SHORT, BALANCE_KNOWN, 0, EVIDENCE_NONE, ORDER_HELD, "short_of_credits",
     BACKOFF_MS, 0},
    {VERDICT_REFUSED, ORDER_CREATE, BUYS, BALANCE_KNOWN, 4 * ONE, EVIDENCE_NONE, ORDER_FAILED, "upstream", NONE,
     KEY_FREE},
    {VERDICT_REFUSED, ORDER_CREATE, BUYS | SHORT, BALANCE_KNOWN, 4 * ONE, EVIDENCE_NONE, ORDER_FAILED, "upstream", NONE,
     KEY_FREE},

    /* A refused repeatable call. */
    {VERDICT_REFUSED, ORDER_SUSPEND, CHANGES, NOASK, ORDER_FAILED, "upstream", NONE, KEY_FREE},
    {VERDICT_REFUSED, ORDER_CHANGE_IP, CHANGES, NOASK, ORDER_FAILED, "upstream", NONE, KEY_FREE},
    {VERDICT_REFUSED, ORDER_CHANGE_IP, CHANGES | ALREADY, NOASK, ORDER_FAILED, "upstream", NONE, KEY_FREE},
    {VERDICT_REFUSED, ORDER_CREATE, CHANGES | ALREADY, NOASK, ORDER_FAILED, "upstream", NONE, KEY_FREE},
    {VERDICT_REFUSED, ORDER_VERIFY, 0, NOASK, ORDER_FAILED, "upstream", NONE, KEY_FREE},
    {VERDICT_REFUSED, ORDER_SUSPEND, CHANGES | DENIED, NOASK, ORDER_CALLING, "reading_balance", NONE, ASK_BALANCE},
    {VERDICT_REFUSED, ORDER_SUSPEND, CHANGES | DENIED | ALREADY, BALANCE_DENIED, 0, EVIDENCE_NONE, ORDER_HELD,
     "account_denied", NONE, PAUSE},
    {VERDICT_REFUSED, ORDER_SUSPEND, CHANGES | DENIED, BALANCE_UNREADABLE, 0, EVIDENCE_NONE, ORDER_QUEUED, "upstream",
     BACKOFF_MS, 0},
    {VERDICT_REFUSED, ORDER_SUSPEND, CHANGES | DENIED, BALANCE_KNOWN, 0, EVIDENCE_NONE, ORDER_FAILED, "upstream", NONE,
     KEY_FREE},
    {VERDICT_REFUSED, ORDER_CHANGE_IP, CHANGES | DENIED | DOUBTED, BALANCE_DENIED, 0, EVIDENCE_NONE, ORDER_HELD,
     "account_denied", NONE, PAUSE | IS_DOUBTED},
    {VERDICT_REFUSED, ORDER_CHANGE_IP, CHANGES | DENIED | DOUBTED, BALANCE_KNOWN, 0, EVIDENCE_NONE, ORDER_NEEDS_REVIEW,
     "refused_after_doubt", NONE, IS_DOUBTED},
    {VERDICT_REFUSED, ORDER_SUSPEND, CHANGES | ALREADY, NOASK, ORDER_SUCCEEDED, "already", NONE, 0},
    {VERDICT_REFUSED, ORDER_UNSUSPEND, CHANGES | ALREADY, NOASK, ORDER_SUCCEEDED, "already", NONE, 0},
    {VERDICT_REFUSED, ORDER_TERMINATE, CHANGES | ALREADY, NOASK, ORDER_SUCCEEDED, "already", NONE, 0},
    {VERDICT_REFUSED, ORDER_SUSPEND, CHANGES | ALREADY | DOUBTED, NOASK, ORDER_SUCCEEDED, "already", NONE, IS_DOUBTED},
    {VERDICT_REFUSED, ORDER_SUSPEND, CHANGES | DOUBTED, NOASK, ORDER_NEEDS_REVIEW, "refused_after_doubt", NONE,
     IS_DOUBTED},
    {VERDICT_REFUSED, ORDER_CREATE, CHANGES | DOUBTED, NOASK, ORDER_NEEDS_REVIEW, "refused_after_doubt", NONE,
     IS_DOUBTED},
    {VERDICT_REFUSED, ORDER_CREATE, CHANGES | DOUBTED | ALREADY, NOASK, ORDER_NEEDS_REVIEW, "refused_after_doubt", NONE,
     IS_DOUBTED},
    {VERDICT_REFUSED, ORDER_CHANGE_IP, CHANGES | DOUBTED, NOASK, ORDER_NEEDS_REVIEW, "refused_after_doubt", NONE,
     IS_DOUBTED},
    {VERDICT_REFUSED, ORDER_CHANGE_IP, CHANGES | DOUBTED, BALANCE_NOT_ASKED, 0, EVIDENCE_UNREAD, ORDER_QUEUED,
     "evidence_unread", BACKOFF_MS, IS_DOUBTED},
    {VERDICT_REFUSED, ORDER_CHANGE_IP, CHANGES | DOUBTED, BALANCE_NOT_ASKED, 0, EVIDENCE_NOT_ASKED, ORDER_CALLING,
     "asking_evidence", NONE, IS_DOUBTED | ASK_EVIDENCE},
    {VERDICT_REFUSED, ORDER_CHANGE_IP, CHANGES | DOUBTED, BALANCE_NOT_ASKED, 0, EVIDENCE_DONE, ORDER_SUCCEEDED,
     "evidence", NONE, IS_DOUBTED},
    {VERDICT_REFUSED, ORDER_CHANGE_IP, CHANGES, BALANCE_NOT_ASKED, 0, EVIDENCE_NOT_ASKED, ORDER_FAILED, "upstream",
     NONE, KEY_FREE},
};

static struct decide_input input_new(enum verdict verdict, enum order_type type, unsigned given)
{
    return (struct decide_input){
        .type = type,
        .paid = (given & PAID) != 0,
        .changes = (given & CHANGES) != 0,
        .doubted = (given & DOUBTED) != 0,
        .attempts = 2,
        .verdict = verdict,
        .reason_code = "upstream",
        .reason = "the upstream answered so",
        .message = "olmaz",
        .hint_short_of_credits = (given & SHORT) != 0,
        .hint_already = (given & ALREADY) != 0,
        .denied = (given & DENIED) != 0,
        .retry_after_ms = -1,
        .backoff = {2000, 900000},
        .random = UINT64_MAX,
        .deadline_quiet_ms = QUIET_MS,
        .price = 4 * ONE,
    };
}

static unsigned carried(const struct decision *out)
{
    return (out->ask_balance ? ASK_BALANCE : 0u) | (out->ask_evidence ? ASK_EVIDENCE : 0u) |
           (out->pause_account ? PAUSE : 0u) | (out->key_free ? KEY_FREE : 0u) | (out->doubted ? IS_DOUBTED : 0u) |
           (out->settle_ms == QUIET_MS ? SETTLE : 0u);
}

static void every_rule_has_its_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        const struct row *row = &ROWS[i];
        struct decide_input input = input_new(row->verdict, row->type, row->given);
        input.balance_read = row->balance_read;
        input.balance = row->balance;
        input.evidence = row->evidence;
        struct decision out = decide(&input);
        if (out.to != row->to || strcmp(out.reason_code, row->code) != 0 || out.wait_ms != row->wait_ms ||
            carried(&out) != row->carries)
            fail_msg("row %zu (%s %s): %s %s wait %ld carries %#x", i, verdict_word(row->verdict),
                     order_type_word(row->type), order_state_word(out.to), out.reason_code, (long)out.wait_ms,
                     carried(&out));
        assert_true(out.settle_ms == 0 || out.settle_ms == QUIET_MS);
    }
}

static void reasons_are_the_upstreams_where_it_decided(void **state)
{
    (void)state;
    struct decide_input input = input_new(VERDICT_REFUSED, ORDER_SUSPEND, CHANGES);
    assert_string_equal(decide(&input).reason, "olmaz");
    input.message = NULL;
    assert_string_equal(decide(&input).reason, "the upstream answered so");
    input.reason = NULL;
    assert_string_equal(decide(&input).reason, "upstream");
    input = input_new(VERDICT_LATER, ORDER_SUSPEND, CHANGES);
    assert_string_equal(decide(&input).reason, "the upstream answered so");
}

static void retry_after_is_honoured(void **state)
{
    (void)state;
    struct decide_input input = input_new(VERDICT_LATER, ORDER_CREATE, BUYS);
    input.retry_after_ms = 60000;
    assert_int_equal(decide(&input).wait_ms, 60000);
    input.retry_after_ms = 10;
    assert_int_equal(decide(&input).wait_ms, BACKOFF_MS);
}

/* Whatever is reported: the move exists, a doubt is never forgotten, a doubted
 * or paid-and-unsure order is neither failed nor sent again, and a key is free
 * only after a failure without doubt. */
static void combination_judge(const struct decide_input *input)
{
    struct decision out = decide(input);
    bool asks = out.ask_balance || out.ask_evidence;
    assert_int_equal(out.to == ORDER_CALLING, asks);
    assert_true(asks || order_state_may(ORDER_CALLING, out.to));
    assert_non_null(out.reason);
    assert_true(out.doubted || !input->doubted);
    assert_true(!out.key_free || (out.to == ORDER_FAILED && !out.doubted));
    assert_false(input->doubted && out.to == ORDER_FAILED);
    assert_false(input->paid && input->verdict == VERDICT_UNSURE && out.to != ORDER_IN_DOUBT);
    assert_false(input->verdict == VERDICT_REFUSED && input->paid && out.to == ORDER_QUEUED);
    assert_false(out.to == ORDER_SUCCEEDED && input->paid && input->verdict != VERDICT_DONE);
    assert_int_equal(out.to == ORDER_QUEUED, out.wait_ms >= 0 && out.to != ORDER_HELD);
}

static void no_combination_breaks_a_promise(void **state)
{
    (void)state;
    static const enum verdict verdicts[] = {VERDICT_DONE, VERDICT_LATER, VERDICT_REFUSED, VERDICT_UNSURE};
    size_t tried = 0;
    for (size_t v = 0; v < COUNT(verdicts); v++)
        for (int type = 0; type < ORDER_TYPE_COUNT; type++)
            for (unsigned given = 0; given < 64; given++)
                for (int balance = BALANCE_NOT_ASKED; balance <= BALANCE_KNOWN; balance++)
                    for (int evidence = EVIDENCE_NONE; evidence <= EVIDENCE_DONE; evidence++, tried++) {
                        struct decide_input input = input_new(verdicts[v], (enum order_type)type, given);
                        input.balance_read = (enum decide_balance)balance;
                        input.balance = 5 * ONE;
                        input.evidence = (enum decide_evidence)evidence;
                        combination_judge(&input);
                    }
    assert_int_equal(tried, 4 * ORDER_TYPE_COUNT * 64 * 4 * 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_has_its_row),
        cmocka_unit_test(reasons_are_the_upstreams_where_it_decided),
        cmocka_unit_test(retry_after_is_honoured),
        cmocka_unit_test(no_combination_breaks_a_promise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
