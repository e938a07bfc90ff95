/* SPDX-License-Identifier: Apache-2.0 */
/* One attempt.  Holds the work in memory until its outcome is in the queue; the
 * intent is already durable, so a crash at any point leaves an order in calling
 * whose lease runs out: sent or not sent is then told by the fence's mark. */
#include "dispatch/attempt.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "dispatch/outcome.h"
#include "order/decide.h"

struct attempt {
    struct account_state *account;
    struct work *work;
    attempt_end_fn *end;
    struct call call;
    struct decide_input input;
    struct work_outcome outcome;
};

static void attempt_decide(struct attempt *attempt);

void attempt_report(struct account_state *account, const struct answer *answer)
{
    enum breaker_event event = BREAKER_ANSWERED;
    int64_t rest = answer->seen.retry_after_ms;
    if (answer->verdict == VERDICT_LATER && answer->seen.passed)
        event = BREAKER_THROTTLED;
    else if (answer->verdict == VERDICT_LATER || answer->verdict == VERDICT_UNSURE)
        event = BREAKER_FAILED;
    if (rest < account->config->retry_base_ms)
        rest = account->config->retry_base_ms;
    if (breaker_ended(&account->breaker, event, worker_now_ms(account->worker), rest,
                      account->config->breaker_pause_ms))
        log_warn("breaker.opened", log_str("account", account->config->name),
                 log_int("pause_ms", account->breaker.pause_ms));
}

static void attempt_finish(struct attempt *attempt, const struct decision *decision)
{
    struct account_state *account = attempt->account;
    struct work_outcome *outcome = &attempt->outcome;
    outcome->order_id = attempt->work->order_id;
    outcome->attempt = attempt->work->attempt;
    outcome->epoch = attempt->work->epoch;
    outcome->to = decision->to;
    outcome->reason_code = decision->reason_code;
    outcome->reason = decision->reason;
    outcome->wait_ms = decision->wait_ms < 0 ? 0 : decision->wait_ms;
    outcome->settle_ms = decision->settle_ms;
    outcome->doubted = decision->doubted;
    outcome->key_free = decision->key_free;
    outcome_add(account->worker, account, outcome, decision->pause_account);
    attempt_end_fn *end = attempt->end;
    work_free(&attempt->work);
    free(attempt);
    end(account);
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

static void evidence_read(void *ctx, const struct answer *answer)
{
    struct attempt *attempt = ctx;
    attempt_report(attempt->account, answer);
    bool shown = answer->verdict == VERDICT_DONE || (answer->verdict == VERDICT_REFUSED && answer->hint_already);
    attempt->input.evidence = shown ? EVIDENCE_DONE : EVIDENCE_NONE;
    attempt_decide(attempt);
}

static void attempt_ask(struct attempt *attempt, const struct call *call, call_done_fn *done)
{
    struct call_start start = {.account = attempt->account->config, .call = call, .done = done, .ctx = attempt};
    provider_call(attempt->account->worker->loop, &start);
}

/* The harmless call that shows whether a doubtful one was carried out: the
 * license's known state repeated on the new address, or verify. */
static bool evidence_plan(const struct attempt *attempt, struct call *call)
{
    struct plan_input plan = attempt->work->plan;
    if (plan.provider == PROVIDER_LISANSZONE) {
        plan.type = ORDER_VERIFY;
    } else {
        bool suspended = strcmp(attempt->work->license_status, "suspended") == 0;
        plan.type = suspended ? ORDER_SUSPEND : ORDER_UNSUSPEND;
        plan.ip = plan.new_ip;
    }
    return plan_call(&plan, call);
}

static void attempt_decide(struct attempt *attempt)
{
    struct decision decision = decide(&attempt->input);
    struct call call;
    if (decision.ask_balance) {
        call = (struct call){.name = CALL_BALANCE};
        attempt_ask(attempt, &call, balance_read);
    } else if (decision.ask_evidence) {
        if (evidence_plan(attempt, &call)) {
            attempt_ask(attempt, &call, evidence_read);
        } else {
            attempt->input.evidence = EVIDENCE_NONE;
            attempt_decide(attempt);
        }
    } else {
        attempt_finish(attempt, &decision);
    }
}

/* What must outlive the answer goes into the work's arena. */
static void answer_keep(struct attempt *attempt, const struct answer *answer)
{
    struct arena *arena = &attempt->work->arena;
    struct decide_input *input = &attempt->input;
    struct work_outcome *outcome = &attempt->outcome;
    const struct config_account *config = attempt->account->config;
    int64_t left_ms = config->call_timeout_ms - answer->seen.elapsed_ms;

    input->verdict = answer->verdict;
    input->reason_code = arena_strdup(arena, answer->reason_code);
    input->reason = arena_strdup(arena, answer->reason);
    input->message = arena_strdup(arena, answer->message);
    input->hint_short_of_credits = answer->hint_short_of_credits;
    input->hint_already = answer->hint_already;
    input->denied = answer->denied;
    input->retry_after_ms = answer->seen.retry_after_ms;
    input->deadline_quiet_ms = (left_ms > 0 ? left_ms : 0) + config->quiet_ms;

    outcome->sent = answer->seen.passed;
    outcome->verdict = answer->verdict;
    outcome->http_status = answer->seen.status;
    outcome->curl_code = answer->seen.curl_code;
    outcome->elapsed_ms = answer->seen.elapsed_ms;
    outcome->upstream_license_id = arena_strdup(arena, answer->upstream_license_id);
    outcome->answer_len = answer->seen.body_len < ANSWER_KEPT ? answer->seen.body_len : ANSWER_KEPT;
    if (answer->seen.body != NULL)
        outcome->answer = arena_memdup(arena, answer->seen.body, outcome->answer_len);
}

static void attempt_answered(void *ctx, const struct answer *answer)
{
    struct attempt *attempt = ctx;
    attempt_report(attempt->account, answer);
    answer_keep(attempt, answer);
    attempt_decide(attempt);
}

static bool attempt_fence(void *ctx)
{
    struct attempt *attempt = ctx;
    return work_fence(attempt->account->worker->fence, attempt->work, attempt->account->config->call_timeout_ms,
                      FENCE_TIMEOUT_MS);
}

void attempt_start(struct account_state *account, struct work **work, credits_t most_credits, attempt_end_fn *end)
{
    struct attempt *attempt = heap_alloc(sizeof *attempt);
    attempt->account = account;
    attempt->work = *work;
    attempt->end = end;
    *work = NULL;
    attempt->outcome.verdict = VERDICT_LATER;
    const struct work *w = attempt->work;
    attempt->input = (struct decide_input){
        .type = w->type,
        .paid = w->paid,
        .doubted = w->doubted,
        .attempts = w->attempt,
        .retry_after_ms = -1,
        .backoff = {account->config->retry_base_ms, account->config->retry_cap_ms},
        .random = worker_random(),
        .price = most_credits,
        .evidence = EVIDENCE_NOT_ASKED,
    };
    struct plan_input plan = w->plan;
    if (w->recycle)
        plan.type = ORDER_RENEW; /* the license was taken up again before; what is bought is its next period */
    if (!plan_call(&plan, &attempt->call)) {
        attempt_finish(attempt, &(struct decision){.to = ORDER_HELD,
                                                   .reason_code = "not_offered",
                                                   .reason = "the provider does not offer this operation",
                                                   .doubted = w->doubted});
        return;
    }
    attempt->input.changes = call_changes(attempt->call.name);
    attempt->outcome.request = arena_printf(&attempt->work->arena, "%s %s", call_word(attempt->call.name),
                                            provider_call_body(&attempt->call, &attempt->work->arena));
    struct call_start start = {.account = account->config,
                               .call = &attempt->call,
                               .fence = w->paid ? attempt_fence : NULL,
                               .done = attempt_answered,
                               .ctx = attempt};
    breaker_started(&account->breaker);
    provider_call(account->worker->loop, &start);
}
