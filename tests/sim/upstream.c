/* SPDX-License-Identifier: Apache-2.0 */
/* The upstream: what it really does with a request, and what of it comes back.
 *
 * It may lose a request or an answer, act after the caller gave up (but within
 * the quiet time: the protocol's condition), refuse, throttle, and answer with
 * something that says neither yes nor no.  It never refuses what it did. */
#include "base/arena.h"
#include "provider/verdict.h"
#include "sim.h"

credits_t upstream_cost(const struct sim *s, const struct order *o)
{
    return s->up.price[o->account][o->product] * (s->rules.times ? o->months : 1);
}

/* What requests under way may still take: it never acts on credit. */
static credits_t upstream_reserved(const struct sim *s, int account)
{
    credits_t sum = 0;
    for (int i = 0; i < s->rules.orders; i++) {
        const struct order *o = &s->db.orders[i];
        if (o->account == account && o->paid)
            sum += s->up.truth.pending[i] * upstream_cost(s, o);
    }
    return sum;
}

void upstream_effect(struct sim *s, int order)
{
    const struct order *o = &s->db.orders[order];
    s->up.truth.pending[order]--;
    if (o->type == ORDER_CREATE && s->up.exists[o->license] && s->rules.refuses_repeats)
        return;
    trace(s, "upstream: carries out order %d", order);
    s->up.truth.effects[order]++;
    /* What finds an old license costs nothing, and to do it twice does no harm. */
    bool old = o->type == ORDER_CREATE && s->up.old[o->license];
    bool found = old && (s->rules.finds_old || upstream_cost(s, o) == 0);
    if (o->type == ORDER_CREATE)
        s->up.exists[o->license] = true;
    if (o->paid && !found) {
        s->up.truth.charged[order]++;
        s->up.balance_before[o->account] = s->up.balance[o->account];
        s->up.balance[o->account] -= upstream_cost(s, o);
    }
    promises_check_effect(s, order);
}

static void effect_after(struct sim *s, int order, int64_t after_ms)
{
    s->up.truth.pending[order]++;
    event_add(s, after_ms, EVENT_EFFECT, NONE, order);
}

static int64_t fault_broken(struct sim *s, struct flight *f)
{
    f->broken = true;
    return random_between(s, 1, CALL_TIMEOUT_MS - 1);
}

static int64_t fault_timeout(struct flight *f)
{
    f->timed_out = true;
    return CALL_TIMEOUT_MS;
}

/* An answer that says neither yes nor no. */
static int64_t fault_lie(struct sim *s, struct flight *f)
{
    static const long statuses[] = {500, 502, 302, 408, 200, 409};
    f->status = statuses[random_below(s, 6)];
    f->object = random_below(s, 2) == 0;
    return random_between(s, 1, CALL_TIMEOUT_MS - 1);
}

/* The last moment at which a lost call may act.  Only `evidence` rests on the quiet
 * time; under `operator` a purchase may come long after it, and a person is right. */
static int64_t upstream_latest(struct sim *s, const struct order *o)
{
    int64_t late = o->paid && !s->rules.evidence && random_below(s, 2) == 0 ? 12000 : 0;
    return CALL_TIMEOUT_MS + QUIET_MS - 1 + late;
}

/* Says after how long the caller learns something. */
static int64_t upstream_fail(struct sim *s, struct flight *f)
{
    int64_t last = upstream_latest(s, &s->db.orders[f->order]);
    switch (random_below(s, 9)) {
    case 0:
        return fault_broken(s, f);
    case 1:
        effect_after(s, f->order, random_between(s, 1, 100));
        if (s->bug == BUG_RESEND)
            effect_after(s, f->order, random_between(s, 1, 200));
        return fault_broken(s, f);
    case 2:
        return fault_timeout(f);
    case 3:
        effect_after(s, f->order, random_between(s, CALL_TIMEOUT_MS, last));
        return fault_timeout(f);
    case 4:
        effect_after(s, f->order, random_between(s, 1, last));
        return fault_broken(s, f);
    case 5:
        f->refusal = f->object = true;
        f->status = random_below(s, 2) == 0 ? 200 : 422;
        return random_between(s, 1, 300);
    case 6:
        f->status = 429;
        return random_between(s, 1, 300);
    case 7:
        effect_after(s, f->order, random_between(s, 1, last));
        return fault_lie(s, f);
    default:
        return fault_lie(s, f);
    }
}

static bool upstream_refuses(struct sim *s, const struct order *o, int order)
{
    if (!o->paid)
        return s->up.truth.effects[order] > 0 && random_below(s, 2) == 0;
    return (o->type == ORDER_CREATE && s->up.exists[o->license] && s->rules.refuses_repeats) ||
           s->up.balance[o->account] - upstream_reserved(s, o->account) < upstream_cost(s, o);
}

void upstream_send(struct sim *s, int flight)
{
    struct flight *f = &s->flights[flight];
    const struct order *o = &s->db.orders[f->order];
    int64_t heard;
    f->passed = true;
    f->sent_at = s->now;
    trace(s, "host %d: sends attempt %d of order %d", f->host, f->attempt, f->order);
    if (upstream_refuses(s, o, f->order)) {
        f->refusal = f->object = true;
        f->already = !o->paid && s->rules.hints;
        f->status = 200;
        heard = random_between(s, 1, 300);
    } else if (fault_strikes(s)) {
        heard = upstream_fail(s, f);
    } else {
        int64_t act = random_between(s, 1, 400);
        effect_after(s, f->order, act);
        f->success = f->object = true;
        f->status = 200;
        heard = act + random_between(s, 1, 400);
    }
    event_add(s, heard, EVENT_ANSWER, f->host, flight);
}

bool upstream_balance(struct sim *s, int account, credits_t *balance)
{
    bool dark = s->now >= s->rules.dark_from && s->now < s->rules.dark_until;
    if (dark || fault_strikes(s))
        return false;
    *balance =
        s->bug == BUG_STALE_BALANCE && random_below(s, 4) == 0 ? s->up.balance_before[account] : s->up.balance[account];
    return true;
}

/* The probe is a state call: lost, it may act until its time limit and the quiet time
 * are over. */
int64_t upstream_probe(struct sim *s, int order, bool *answered, bool *found)
{
    *answered = !fault_strikes(s);
    *found = *answered && s->up.exists[s->db.orders[order].license];
    if (*answered)
        return random_between(s, 1, 200);
    s->reached[REACHED_PROBE_LOST]++;
    if (random_below(s, 2) == 0)
        event_add(s, random_between(s, 1, CALL_TIMEOUT_MS + QUIET_MS - 1), EVENT_PROBE_ACTS, NONE, order);
    return random_between(s, 1, CALL_TIMEOUT_MS);
}

/* "unsuspend" at last: whatever was done to the license since is undone. */
void upstream_probe_acts(struct sim *s, int order)
{
    const struct order *o = &s->db.orders[order];
    trace(s, "upstream: the probe for order %d acts", order);
    if (o->position < s->up.highest[o->license] && !s->rules.outside)
        promise_broken(s, order, "a lost probe undid a later order of its license");
}

/* The shipped table reads what came back. */
enum verdict upstream_verdict(struct flight *f, int64_t now)
{
    struct answer answer = {.seen = {.end = f->timed_out ? CALL_END_TIMEOUT
                                            : f->broken  ? CALL_END_BROKEN
                                            : f->passed  ? CALL_END_WHOLE
                                                         : CALL_END_FENCED,
                                     .passed = f->passed,
                                     .curl_code = f->broken ? 56 : 0,
                                     .status = f->status,
                                     .retry_after_ms = -1,
                                     .elapsed_ms = now - f->sent_at,
                                     .body_len = f->object ? 2 : 0}};
    struct said said = {.object = f->object,
                        .success = f->success   ? SAID_TRUE
                                   : f->refusal ? SAID_FALSE
                                                : SAID_NOTHING};
    struct arena arena;
    arena_init(&arena);
    verdict_decide(&answer, &said, &arena);
    f->input.verdict = answer.verdict;
    f->input.reason_code = f->input.reason = answer.reason_code;
    f->input.hint_already = f->already && answer.verdict == VERDICT_REFUSED;
    arena_clear(&arena);
    return answer.verdict;
}
