/* SPDX-License-Identifier: Apache-2.0 */
/* One attempt.  Holds the work in memory until its outcome is in the queue; the
 * intent is already durable, so a crash at any point leaves an order in calling
 * whose lease runs out: sent or not sent is then told by the fence's mark. */
#include "dispatch/attempt.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "dispatch/outcome.h"
#include "dispatch/ration.h"
#include "order/decide.h"

/* Zones are at most this far from UTC, and period_end is a day without zone. */
#define ZONE_MAX_MS (INT64_C(14) * 60 * 60 * 1000)

struct attempt {
    struct account_state *account;
    struct config *owner; /* held while the call may still look at config */
    const struct config_account *config;
    struct work *work;
    attempt_end_fn *end;
    int64_t claimed_ms; /* of work that may be repeated */
    struct call call;
    struct decide_input input;
    bool may_act_late; /* a harmless call beside the attempt was lost: it may still act */
    struct work_outcome outcome;
};

static void attempt_decide(struct attempt *attempt);

static struct attempt *attempt_new(struct account_state *account, struct work **work, attempt_end_fn *end)
{
    struct attempt *attempt = heap_alloc(sizeof *attempt);
    attempt->account = account;
    attempt->owner = config_hold(account->owner);
    attempt->config = account->config;
    attempt->work = *work;
    attempt->end = end;
    attempt->claimed_ms = account->claim_ms;
    attempt->outcome.order_id = attempt->work->order_id;
    attempt->outcome.attempt = attempt->work->attempt;
    attempt->outcome.epoch = attempt->work->epoch;
    attempt->outcome.verdict = VERDICT_LATER;
    attempt->outcome.expires_ms = INT64_MIN;
    *work = NULL;
    return attempt;
}

static void attempt_finish(struct attempt *attempt, const struct decision *decision)
{
    struct account_state *account = attempt->account;
    struct work_outcome *outcome = &attempt->outcome;
    attempt_end_fn *end = attempt->end;
    outcome->to = decision->to;
    outcome->reason_code = decision->reason_code;
    outcome->reason = decision->reason;
    outcome->wait_ms = decision->wait_ms < 0 ? 0 : decision->wait_ms;
    outcome->settle_ms = decision->settle_ms;
    if (attempt->may_act_late)
        outcome->settle_ms = attempt->config->call_timeout_ms + attempt->config->quiet_ms;
    outcome->doubted = decision->doubted;
    outcome->key_free = decision->key_free;
    outcome->pause_account = decision->pause_account;
    outcome_add(account, outcome);
    work_free(&attempt->work);
    config_release(&attempt->owner);
    free(attempt);
    end(account);
}

void attempt_abandon(struct account_state *account, struct work **work, const char *code, const char *reason,
                     attempt_end_fn *end)
{
    struct attempt *attempt = attempt_new(account, work, end);
    attempt_finish(attempt,
                   &(struct decision){
                       .to = ORDER_QUEUED, .reason_code = code, .reason = reason, .doubted = attempt->work->doubted});
}

void attempt_report(struct account_state *account, const struct answer *answer)
{
    enum breaker_event event = BREAKER_ANSWERED;
    int64_t rest = answer->seen.retry_after_ms;
    if (answer->seen.end == CALL_END_FENCED || answer->seen.end == CALL_END_STOPPED)
        event = BREAKER_NOTHING;
    else if (answer->verdict == VERDICT_LATER && answer->seen.passed)
        event = ration_throttled(account, answer) ? BREAKER_ANSWERED : BREAKER_THROTTLED;
    else if (answer->verdict == VERDICT_LATER || answer->verdict == VERDICT_UNSURE)
        event = BREAKER_FAILED;
    if (rest < account->config->retry_base_ms)
        rest = account->config->retry_base_ms;
    if (breaker_ended(&account->breaker, event, worker_now_ms(account->worker), rest,
                      account->config->breaker_pause_ms))
        log_warn("breaker.opened", log_str("account", account->config->name),
                 log_int("pause_ms", account->breaker.pause_ms));
}

static void attempt_call(struct attempt *attempt, const struct call *call, call_fence_fn *fence, call_done_fn *done)
{
    struct call_start start = {.account = attempt->config, .call = call, .fence = fence, .done = done, .ctx = attempt};
    breaker_started(&attempt->account->breaker);
    provider_call(attempt->account->worker->loop, &start);
}

static void balance_read(void *ctx, const struct answer *answer)
{
    struct attempt *attempt = ctx;
    attempt_report(attempt->account, answer);
    if (answer->denied)
        attempt->input.balance_read = BALANCE_DENIED;
    else if (answer->verdict == VERDICT_DONE && answer->has_balance)
        attempt->input.balance_read = BALANCE_KNOWN;
    else
        attempt->input.balance_read = BALANCE_UNREADABLE;
    attempt->input.balance = answer->balance;
    attempt_decide(attempt);
}

/* The answer says that something is there, in the state that was repeated. */
static bool answer_shows(const struct answer *answer)
{
    return answer->verdict == VERDICT_DONE || (answer->verdict == VERDICT_REFUSED && answer->hint_already);
}

/* An evidence call has ended; it may be asked again where nothing usable came. */
static enum decide_evidence evidence_ended(struct attempt *attempt, const struct answer *answer)
{
    attempt_report(attempt->account, answer);
    attempt->may_act_late = attempt->may_act_late || answer->verdict == VERDICT_UNSURE;
    if (answer_shows(answer))
        return EVIDENCE_DONE;
    return answer->verdict == VERDICT_REFUSED ? EVIDENCE_NONE : EVIDENCE_UNREAD;
}

static void evidence_read(void *ctx, const struct answer *answer)
{
    struct attempt *attempt = ctx;
    if (attempt->work->probe)
        ration_probed(attempt->account, answer);
    attempt->input.evidence = evidence_ended(attempt, answer);
    attempt_decide(attempt);
}

/* The harmless call that shows whether a doubtful one was carried out: the
 * license's known state repeated on an address, or verify after activate.
 * false: there is none. */
static bool evidence_plan(const struct work *work, const char *ip, struct call *call)
{
    struct plan_input plan = work->plan;
    if (plan.provider == PROVIDER_LISANSZONE) {
        plan.type = ORDER_VERIFY;
        return (work->type == ORDER_CREATE || work->type == ORDER_UNSUSPEND) && plan_call(&plan, call);
    }
    bool suspended = text_same(work->license_status, "suspended");
    if (work->type != ORDER_CHANGE_IP || !work->target_fresh ||
        (!suspended && !text_same(work->license_status, "active")))
        return false;
    plan.type = suspended ? ORDER_SUSPEND : ORDER_UNSUSPEND;
    plan.ip = ip;
    return plan_call(&plan, call);
}

/* Evidence is a state call: past the lease it could undo what another worker has
 * done since. */
static bool evidence_in_time(const struct attempt *attempt)
{
    return worker_lease_good(attempt->account->worker, attempt->config, attempt->claimed_ms);
}

/* The old address no longer knows the license: what is on the new one is it. */
static void old_address_asked(void *ctx, const struct answer *answer)
{
    struct attempt *attempt = ctx;
    struct call call;
    enum decide_evidence old = evidence_ended(attempt, answer);
    bool gone = old == EVIDENCE_NONE && !answer->denied;
    if (gone && evidence_in_time(attempt) && evidence_plan(attempt->work, attempt->work->plan.new_ip, &call)) {
        attempt_call(attempt, &call, NULL, evidence_read);
        return;
    }
    attempt->input.evidence = gone || old == EVIDENCE_UNREAD ? EVIDENCE_UNREAD : EVIDENCE_NONE;
    attempt_decide(attempt);
}

/* What became of the doubtful call is asked when the endpoint that tells has a
 * call to spare. */
static void evidence_granted(void *ctx, const struct rows *rows)
{
    struct attempt *attempt = ctx;
    bool known = rows_status(rows) == ROWS_OK && rows_count(rows) == 1;
    struct call call;
    if (known && rows_int(rows, 0, "granted") > 0 && evidence_plan(attempt->work, attempt->work->plan.ip, &call)) {
        attempt->work->probe = rows_bool(rows, 0, "probe");
        attempt_call(attempt, &call, NULL, evidence_read);
        return;
    }
    attempt_finish(
        attempt,
        &(struct decision){.to = ORDER_QUEUED,
                           .reason_code = "rationed",
                           .reason = "refused after a doubt; what happened is asked when the provider takes the call",
                           .wait_ms = known ? rows_int(rows, 0, "wait_ms") : attempt->config->retry_base_ms,
                           .doubted = attempt->input.doubted});
}

static void attempt_decide(struct attempt *attempt)
{
    struct decision decision = decide(&attempt->input);
    struct call call;
    if (decision.ask_evidence && !evidence_in_time(attempt)) {
        attempt->input.evidence = EVIDENCE_UNREAD;
        decision = decide(&attempt->input);
    }
    if (decision.ask_balance) {
        call = (struct call){.name = CALL_BALANCE};
        attempt_call(attempt, &call, NULL, balance_read);
    } else if (decision.ask_evidence && evidence_plan(attempt->work, attempt->work->plan.ip, &call)) {
        if (ration_take(attempt->account, call.name, evidence_granted, attempt))
            return;
        attempt_call(attempt, &call, NULL, attempt->work->type == ORDER_CHANGE_IP ? old_address_asked : evidence_read);
    } else {
        attempt_finish(attempt, &decision);
    }
}

/* A verify that stands for a renewal proves it only with an expiry that is not
 * before the period's end. */
static void renewal_check(struct attempt *attempt, const struct answer *answer)
{
    char midnight[CLOCK_TEXT_MAX];
    const struct work *work = attempt->work;
    if (work->type != ORDER_RENEW || attempt->call.name != CALL_VERIFY || work->period_end == NULL ||
        answer->verdict != VERDICT_DONE)
        return;
    snprintf(midnight, sizeof midnight, "%sT00:00:00Z", work->period_end);
    if (answer->expires_ms != INT64_MIN && answer->expires_ms + ZONE_MAX_MS >= clock_parse_rfc3339(midnight))
        return;
    attempt->input.verdict = VERDICT_REFUSED;
    attempt->input.reason_code = "not_renewed";
    attempt->input.reason = "the license is valid, but the provider does not show it renewed to period_end";
    attempt->input.message = NULL;
}

/* What must outlive the answer goes into the work's arena. */
static void answer_keep(struct attempt *attempt, const struct answer *answer)
{
    struct arena *arena = &attempt->work->arena;
    struct decide_input *input = &attempt->input;
    struct work_outcome *outcome = &attempt->outcome;
    int64_t left_ms = attempt->config->call_timeout_ms - answer->seen.elapsed_ms;

    input->verdict = answer->verdict;
    input->reason_code = arena_strdup(arena, answer->reason_code);
    input->reason = arena_strdup(arena, answer->reason);
    input->message = arena_strdup(arena, answer->message);
    input->hint_short_of_credits = answer->hint_short_of_credits;
    input->hint_already = answer->hint_already;
    input->denied = answer->denied;
    input->retry_after_ms = answer->seen.retry_after_ms;
    input->rationed = answer->seen.passed && ration_limit(attempt->config, answer->call) != NULL;
    input->deadline_quiet_ms = (left_ms > 0 ? left_ms : 0) + attempt->config->quiet_ms;

    outcome->sent = answer->seen.passed;
    outcome->verdict = answer->verdict;
    outcome->http_status = answer->seen.status;
    outcome->curl_code = answer->seen.curl_code;
    outcome->elapsed_ms = answer->seen.elapsed_ms;
    outcome->upstream_license_id = arena_strdup(arena, answer->upstream_license_id);
    outcome->expires_ms = answer->expires_ms;
    if (answer->activated_ms != INT64_MIN)
        work_activated(attempt->account->worker->work, outcome->order_id, answer->activated_ms);
    outcome->answer_len = answer->seen.body_len < ANSWER_KEPT ? answer->seen.body_len : ANSWER_KEPT;
    if (answer->seen.body != NULL)
        outcome->answer = arena_memdup(arena, answer->seen.body, outcome->answer_len);
}

static void attempt_answered(void *ctx, const struct answer *answer)
{
    struct attempt *attempt = ctx;
    attempt_report(attempt->account, answer);
    if (attempt->work->probe)
        ration_probed(attempt->account, answer);
    answer_keep(attempt, answer);
    renewal_check(attempt, answer);
    attempt_decide(attempt);
}

static bool attempt_fence(void *ctx)
{
    struct attempt *attempt = ctx;
    return work_fence(attempt->account->worker->fence, attempt->work, attempt->config->call_timeout_ms,
                      FENCE_TIMEOUT_MS);
}

/* A license that we terminated runs again before it is renewed.  From here on
 * the order has touched it, so a refusal of the renewal is a person's to see. */
static void taken_up(void *ctx, const struct answer *answer)
{
    struct attempt *attempt = ctx;
    attempt_report(attempt->account, answer);
    attempt->input.doubted =
        attempt->input.doubted || answer->verdict == VERDICT_DONE || answer->verdict == VERDICT_UNSURE;
    attempt->may_act_late = answer->verdict == VERDICT_UNSURE;
    if (answer->verdict == VERDICT_DONE || answer->hint_already) {
        attempt_call(attempt, &attempt->call, attempt_fence, attempt_answered);
        return;
    }
    answer_keep(attempt, answer);
    attempt->outcome.sent = false; /* the paid call */
    if (answer->verdict == VERDICT_UNSURE)
        attempt->outcome.verdict = attempt->input.verdict = VERDICT_LATER;
    attempt_decide(attempt);
}

static bool attempt_plan(struct attempt *attempt)
{
    struct arena *arena = &attempt->work->arena;
    struct plan_input plan = attempt->work->plan;
    if (attempt->work->recycle)
        plan.type = ORDER_RENEW;
    if (!plan_call(&plan, &attempt->call))
        return false;
    attempt->input.changes = call_changes(attempt->call.name);
    attempt->outcome.request =
        arena_printf(arena, "%s %s", call_word(attempt->call.name), provider_call_body(&attempt->call, arena));
    return true;
}

void attempt_start(struct account_state *account, struct work **work, credits_t most_credits, attempt_end_fn *end)
{
    struct attempt *attempt = attempt_new(account, work, end);
    const struct work *w = attempt->work;
    struct call first;
    bool asks = w->plan.provider == PROVIDER_724LICENSE; /* the other one has no balance to ask for */
    attempt->input = (struct decide_input){
        .type = w->type,
        .paid = w->paid,
        .doubted = w->doubted,
        .attempts = w->attempt,
        .retry_after_ms = -1,
        .backoff = {attempt->config->retry_base_ms, attempt->config->retry_cap_ms},
        .random = worker_random(),
        .price = most_credits,
        .balance_read = asks ? BALANCE_NOT_ASKED : BALANCE_DENIED,
        .evidence = evidence_plan(w, w->plan.ip, &first) ? EVIDENCE_NOT_ASKED : EVIDENCE_NONE,
    };
    if (!attempt_plan(attempt)) {
        attempt_finish(attempt, &(struct decision){.to = ORDER_HELD,
                                                   .reason_code = "not_offered",
                                                   .reason = "the provider does not offer this operation",
                                                   .doubted = w->doubted});
        return;
    }
    struct plan_input unsuspend = w->plan;
    unsuspend.type = ORDER_UNSUSPEND;
    if (w->recycle && plan_call(&unsuspend, &first))
        attempt_call(attempt, &first, NULL, taken_up);
    else
        attempt_call(attempt, &attempt->call, w->paid ? attempt_fence : NULL, attempt_answered);
}
