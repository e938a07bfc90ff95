/* SPDX-License-Identifier: Apache-2.0 */
/* decide: why apart from dispatch: these few rules are where money is lost when
 * they are wrong, so they stand without database, network and clock, and every
 * row of them is tested.
 *
 * Owns the rules of DESIGN.md 6 from a verdict to the order's next state.  Never
 * interprets an answer (provider/verdict.c does) and never settles a paid doubt
 * (the window does).  A crash leaves nothing behind: the attempt's intent is
 * committed, and an expired lease is treated as doubt. */
#include "order/decide.h"

#include <assert.h>
#include <stddef.h>

static struct decision decision_to(const struct decide_input *in, enum order_state to, const char *code,
                                   const char *reason)
{
    return (struct decision){
        .to = to,
        .reason_code = code,
        .reason = reason != NULL ? reason : code,
        .wait_ms = DECIDE_NO_WAIT,
        .doubted = in->doubted,
    };
}

/* The same, looked at again after the account's backoff. */
static struct decision decision_wait(const struct decide_input *in, enum order_state to, const char *code,
                                     const char *reason)
{
    struct decision out = decision_to(in, to, code, reason);
    out.wait_ms = backoff_wait_ms(&in->backoff, in->attempts, in->retry_after_ms, in->random);
    return out;
}

/* A definite refusal of an order nobody doubts: nothing was bought or changed,
 * in this attempt or before. */
static struct decision decision_fail(const struct decide_input *in)
{
    assert(!in->doubted);
    struct decision out =
        decision_to(in, ORDER_FAILED, in->reason_code, in->message != NULL ? in->message : in->reason);
    out.key_free = true;
    return out;
}

static struct decision decision_review(const struct decide_input *in)
{
    return decision_to(in, ORDER_NEEDS_REVIEW, "refused_after_doubt",
                       "the upstream refused, but an earlier attempt may have been carried out");
}

static struct decision decision_ask_balance(const struct decide_input *in)
{
    struct decision out =
        decision_to(in, ORDER_CALLING, "reading_balance", "refused; the balance is read to learn why");
    out.ask_balance = true;
    return out;
}

/* The account itself is not let in: every call on it would be refused. */
static struct decision decision_denied(const struct decide_input *in)
{
    struct decision out = in->paid && in->doubted
                              ? decision_review(in)
                              : decision_to(in, ORDER_HELD, "account_denied",
                                            "the upstream does not accept the account's token or our address");
    out.pause_account = true;
    return out;
}

static struct decision decide_done(const struct decide_input *in)
{
    return decision_to(in, ORDER_SUCCEEDED, in->reason_code, in->reason);
}

static struct decision decide_later(const struct decide_input *in)
{
    struct decision out = decision_wait(in, ORDER_QUEUED, in->reason_code, in->reason);
    if (in->rationed)
        out.wait_ms = 0; /* a wait of its own would only let its neighbours overtake it */
    return out;
}

static struct decision decide_unsure(const struct decide_input *in)
{
    struct decision out = in->paid ? decision_to(in, ORDER_IN_DOUBT, in->reason_code, in->reason)
                                   : decision_wait(in, ORDER_QUEUED, in->reason_code, in->reason);
    /* A read that was lost leaves nothing behind to doubt. */
    if (in->paid || in->changes) {
        out.doubted = true;
        out.settle_ms = in->deadline_quiet_ms;
    }
    return out;
}

static struct decision decision_short(const struct decide_input *in, const char *reason)
{
    return decision_wait(in, ORDER_HELD, "short_of_credits", reason);
}

/* A refusal of a purchase is `failed` only when neither an earlier attempt nor
 * the account itself explains it. */
static struct decision decide_refused_paid(const struct decide_input *in)
{
    if (in->doubted)
        return decision_review(in);
    switch (in->balance_read) {
    case BALANCE_NOT_ASKED:
        return decision_ask_balance(in);
    case BALANCE_DENIED:
        return decision_denied(in);
    case BALANCE_UNREADABLE:
        if (in->hint_short_of_credits)
            return decision_short(in, "the upstream says that credits are missing; the balance could not be read");
        return decision_wait(in, ORDER_HELD, "balance_unreadable", "the balance could not be read after a refusal");
    case BALANCE_KNOWN:
        break;
    }
    if (in->balance < in->price)
        return decision_short(in, "short of credits: the balance is below what the call can cost");
    return decision_fail(in);
}

/* "Already in that state" is what was asked for. */
static bool state_holds(const struct decide_input *in)
{
    return in->hint_already &&
           (in->type == ORDER_SUSPEND || in->type == ORDER_UNSUSPEND || in->type == ORDER_TERMINATE);
}

static struct decision decide_refused_repeatable(const struct decide_input *in)
{
    if (state_holds(in))
        return decision_to(in, ORDER_SUCCEEDED, "already", "the license is already in that state");
    if (!in->doubted)
        return decision_fail(in);
    switch (in->evidence) {
    case EVIDENCE_NOT_ASKED: {
        struct decision out = decision_to(in, ORDER_CALLING, "asking_evidence",
                                          "refused after a doubt; a harmless call is made to learn what happened");
        out.ask_evidence = true;
        return out;
    }
    case EVIDENCE_UNREAD:
        return decision_wait(in, ORDER_QUEUED, "evidence_unread",
                             "refused after a doubt; the call that tells what happened was not answered");
    case EVIDENCE_DONE:
        return decision_to(in, ORDER_SUCCEEDED, "evidence",
                           "a harmless call shows that an earlier attempt was carried out");
    case EVIDENCE_NONE:
        break;
    }
    return decision_review(in);
}

/* 401 or 403 may be meant for this one call or for the account: the balance, which
 * every account may read, tells which. */
static struct decision decide_refused_denied(const struct decide_input *in)
{
    if (in->balance_read == BALANCE_NOT_ASKED)
        return decision_ask_balance(in);
    if (in->balance_read == BALANCE_DENIED)
        return decision_denied(in);
    return in->paid ? decide_refused_paid(in) : decision_wait(in, ORDER_QUEUED, in->reason_code, in->reason);
}

static struct decision decide_refused(const struct decide_input *in)
{
    if (in->denied && in->balance_read != BALANCE_KNOWN)
        return decide_refused_denied(in);
    return in->paid ? decide_refused_paid(in) : decide_refused_repeatable(in);
}

struct decision decide(const struct decide_input *input)
{
    static struct decision (*const rules[])(const struct decide_input *) = {
        [VERDICT_DONE] = decide_done,
        [VERDICT_LATER] = decide_later,
        [VERDICT_REFUSED] = decide_refused,
        [VERDICT_UNSURE] = decide_unsure,
    };
    assert((size_t)input->verdict < sizeof(rules) / sizeof(rules[0]) && input->reason_code != NULL);
    return rules[input->verdict](input);
}
