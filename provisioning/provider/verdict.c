/* SPDX-License-Identifier: Apache-2.0 */
/* Why: a bridge that spends money must never take a lost answer for a refusal.
 * So the rules that turn what was seen into DONE, LATER, REFUSED or UNSURE stand
 * in one table, are read from the top, and the first that fits counts.
 *
 * The table is section 6 of the design.  Two readings of it are ours, and both
 * only ever turn something into UNSURE: a transfer that broke after the point of
 * no return is unsure whatever status it had shown, and an answer that
 * contradicts itself (429 or "slow down" with success: true, 404 with success:
 * true) is believed in neither half.
 *
 * Owns nothing, never looks at orders, and knows no provider. */
#include "provider/verdict.h"

#include <stddef.h>
#include <string.h>

typedef bool rule_fits_fn(const struct observation *seen, const struct said *said);

/* What is put behind a rule's sentence. */
enum detail {
    DETAIL_NONE,
    DETAIL_STATUS,  /* " (HTTP 502)" */
    DETAIL_MESSAGE, /* ": the upstream's own words" */
    DETAIL_CURL,    /* ": libcurl's own words" */
    DETAIL_TIME,    /* " within 60 s (slow: the TLS handshake)" */
};

struct rule {
    int row; /* of the design's table */
    rule_fits_fn *fits;
    enum verdict verdict;
    const char *code;
    const char *sentence;
    enum detail detail;
};

static bool status_within(const struct observation *seen, long least, long most)
{
    return seen->status >= least && seen->status <= most;
}

static bool not_sent(const struct observation *seen, const struct said *said)
{
    (void)said;
    return !seen->passed;
}

static bool not_sent_fenced(const struct observation *seen, const struct said *said)
{
    return not_sent(seen, said) && seen->end == CALL_END_FENCED;
}

static bool not_sent_stopped(const struct observation *seen, const struct said *said)
{
    return not_sent(seen, said) && seen->end == CALL_END_STOPPED;
}

static bool not_sent_timeout(const struct observation *seen, const struct said *said)
{
    return not_sent(seen, said) && seen->end == CALL_END_TIMEOUT;
}

static bool sent_twice(const struct observation *seen, const struct said *said)
{
    (void)said;
    return seen->passed_twice;
}

static bool answer_too_long(const struct observation *seen, const struct said *said)
{
    (void)said;
    return seen->body_cut;
}

static bool no_answer_in_time(const struct observation *seen, const struct said *said)
{
    (void)said;
    return seen->end == CALL_END_TIMEOUT;
}

static bool stopped_waiting(const struct observation *seen, const struct said *said)
{
    (void)said;
    return seen->end == CALL_END_STOPPED;
}

static bool transfer_broke(const struct observation *seen, const struct said *said)
{
    (void)said;
    return seen->end != CALL_END_WHOLE || seen->curl_code != 0;
}

/* Lisans Zone's documented codes; whoever else uses them means the same. */
static bool code_is(const struct said *said, const char *code)
{
    return said->code != NULL && strcmp(said->code, code) == 0;
}

static bool told_to_slow_down(const struct observation *seen, const struct said *said)
{
    return (seen->status == 429 || code_is(said, "RATE_LIMIT_EXCEEDED")) && said->success != SAID_TRUE;
}

static bool server_failed(const struct observation *seen, const struct said *said)
{
    return seen->status >= 500 || code_is(said, "SERVER_ERROR");
}

static bool redirected(const struct observation *seen, const struct said *said)
{
    (void)said;
    return status_within(seen, 300, 399);
}

static bool server_gave_up(const struct observation *seen, const struct said *said)
{
    (void)said;
    return seen->status == 408;
}

static bool said_done(const struct observation *seen, const struct said *said)
{
    return status_within(seen, 200, 299) && said->object && said->success == SAID_TRUE &&
           !code_is(said, "RATE_LIMIT_EXCEEDED");
}

static bool not_let_in(const struct observation *seen, const struct said *said)
{
    (void)said;
    return seen->status == 401 || seen->status == 403;
}

static bool said_refused(const struct observation *seen, const struct said *said)
{
    return (status_within(seen, 200, 299) || status_within(seen, 400, 499)) && said->object &&
           said->success == SAID_FALSE;
}

static bool rejected(const struct observation *seen, const struct said *said)
{
    static const long statuses[] = {400, 404, 405, 413, 415, 422};

    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        if (seen->status == statuses[i])
            return said->success == SAID_NOTHING;
    return false;
}

static bool refused_with(const struct observation *seen, const struct said *said, const char *code)
{
    return (said_refused(seen, said) || rejected(seen, said)) && code_is(said, code);
}

static bool activation_failed(const struct observation *seen, const struct said *said)
{
    return refused_with(seen, said, "ACTIVATION_FAILED");
}

static bool verification_failed(const struct observation *seen, const struct said *said)
{
    return refused_with(seen, said, "VERIFICATION_FAILED");
}

static bool deactivation_failed(const struct observation *seen, const struct said *said)
{
    return refused_with(seen, said, "DEACTIVATION_FAILED");
}

static bool body_missing(const struct observation *seen, const struct said *said)
{
    (void)said;
    return seen->body_len == 0;
}

static bool body_unreadable(const struct observation *seen, const struct said *said)
{
    (void)seen;
    return !said->object;
}

static bool anything(const struct observation *seen, const struct said *said)
{
    (void)seen;
    (void)said;
    return true;
}

static const struct rule rules[] = {
    {1, not_sent_fenced, VERDICT_LATER, "fence_lost", "not sent: the order was no longer ours at the last moment",
     DETAIL_NONE},
    {1, not_sent_stopped, VERDICT_LATER, "stopped", "not sent: the program was stopping", DETAIL_NONE},
    {1, not_sent_timeout, VERDICT_LATER, "unreachable", "not sent: no connection", DETAIL_TIME},
    {1, not_sent, VERDICT_LATER, "unreachable", "not sent: no connection", DETAIL_CURL},
    {7, sent_twice, VERDICT_UNSURE, "sent_twice", "the connection died after the request had been sent", DETAIL_NONE},
    {7, answer_too_long, VERDICT_UNSURE, "answer_too_long", "sent, but the answer is too long to be read",
     DETAIL_STATUS},
    {7, no_answer_in_time, VERDICT_UNSURE, "timeout", "the request had been sent, and there was no whole answer",
     DETAIL_TIME},
    {7, stopped_waiting, VERDICT_UNSURE, "stopped", "the program stopped after the request had been sent", DETAIL_NONE},
    {7, transfer_broke, VERDICT_UNSURE, "broken", "the connection broke after the request had been sent", DETAIL_CURL},
    {2, told_to_slow_down, VERDICT_LATER, "rate_limited", "the upstream asks for fewer calls", DETAIL_STATUS},
    {3, server_failed, VERDICT_UNSURE, "server_error", "the upstream failed and may have carried the request out",
     DETAIL_STATUS},
    {3, redirected, VERDICT_UNSURE, "redirected", "the upstream answered with a redirect, which is never followed",
     DETAIL_STATUS},
    {3, server_gave_up, VERDICT_UNSURE, "server_timeout", "the upstream gave up and may have carried the request out",
     DETAIL_STATUS},
    {4, said_done, VERDICT_DONE, "done", "done", DETAIL_NONE},
    {6, not_let_in, VERDICT_REFUSED, "denied", "the upstream does not accept our token or address", DETAIL_STATUS},
    {5, activation_failed, VERDICT_REFUSED, "activation_failed", "the upstream did not activate the license",
     DETAIL_MESSAGE},
    {5, verification_failed, VERDICT_REFUSED, "verification_failed", "the upstream did not verify the license",
     DETAIL_MESSAGE},
    {5, deactivation_failed, VERDICT_REFUSED, "deactivation_failed", "the upstream did not deactivate the license",
     DETAIL_MESSAGE},
    {5, said_refused, VERDICT_REFUSED, "refused", "the upstream refused", DETAIL_MESSAGE},
    {6, rejected, VERDICT_REFUSED, "rejected", "the upstream rejected the request", DETAIL_STATUS},
    {7, body_missing, VERDICT_UNSURE, "answer_empty", "sent, but the answer is empty", DETAIL_STATUS},
    {7, body_unreadable, VERDICT_UNSURE, "answer_unreadable", "sent, but the answer is not one whole JSON object",
     DETAIL_STATUS},
    {7, anything, VERDICT_UNSURE, "answer_unclear",
     "sent, but the answer says neither yes nor no in the documented way", DETAIL_STATUS},
};

static const char *time_text(const struct observation *seen, struct arena *arena)
{
    bool seconds = seen->elapsed_ms >= 10000;
    const char *unit = seconds ? "s" : "ms";
    long long count = (long long)(seconds ? seen->elapsed_ms / 1000 : seen->elapsed_ms);

    if (seen->slow == NULL)
        return arena_printf(arena, " within %lld %s", count, unit);
    return arena_printf(arena, " within %lld %s (slow: %s)", count, unit, seen->slow);
}

static const char *detail_text(enum detail detail, const struct answer *answer, struct arena *arena)
{
    const struct observation *seen = &answer->seen;

    switch (detail) {
    case DETAIL_NONE:
        break;
    case DETAIL_STATUS:
        return arena_printf(arena, " (HTTP %ld)", seen->status);
    case DETAIL_MESSAGE:
        if (answer->message != NULL)
            return arena_printf(arena, ": %s", answer->message);
        return arena_printf(arena, " (HTTP %ld)", seen->status);
    case DETAIL_CURL:
        if (seen->curl_text != NULL)
            return arena_printf(arena, ": %s", seen->curl_text);
        break;
    case DETAIL_TIME:
        return time_text(seen, arena);
    }
    return "";
}

void verdict_of_validity(struct answer *answer)
{
    if (!answer->has_valid) {
        answer->verdict = VERDICT_UNSURE;
        answer->reason_code = "answer_unclear";
        answer->reason = "the upstream does not say whether the license is valid";
    } else if (!answer->valid) {
        answer->verdict = VERDICT_REFUSED;
        answer->reason_code = "license_not_valid";
        answer->reason = "license not valid";
    }
}

void verdict_decide(struct answer *answer, const struct said *said, struct arena *arena)
{
    const struct rule *rule = rules;

    /* The last rule fits everything. */
    while (!rule->fits(&answer->seen, said))
        rule++;
    answer->verdict = rule->verdict;
    answer->reason_code = rule->code;
    answer->reason = arena_printf(arena, "%s%s", rule->sentence, detail_text(rule->detail, answer, arena));
    answer->denied = rule->verdict == VERDICT_REFUSED && not_let_in(&answer->seen, said);
}
