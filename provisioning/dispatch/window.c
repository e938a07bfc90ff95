/* SPDX-License-Identifier: Apache-2.0 */
/* One step of a spending window: look, do what the state asks for, look again.
 *
 * Holds nothing between two steps but the moment since which a window has been
 * idle.  If we die in a step, the window is as it was, and any worker goes on. */
#include "dispatch/window.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/log.h"
#include "dispatch/attempt.h"
#include "dispatch/probe.h"
#include "dispatch/spend.h"
#include "store/account.h"
#include "store/window.h"

#define READ_AGAIN_MS 200
#define PROBE_TRIES   3
#define UNREAD_GAP_MS 60000 /* between two readings of one spell, beyond the waits that are set */

struct step {
    struct account_state *account;
    struct config *owner; /* held while a read may still look at config */
    const struct config_account *config;
    struct window_view view;
    struct window_doubt_row doubts[WINDOW_DOUBTS_MAX];
    size_t count;
    size_t probed; /* doubts looked for so far … */
    int tries;     /* … and how often the last one without an answer */
    int readings;  /* equal ones in a row */
    bool has_balance;
    credits_t balance;
    bool sandbox;
    bool prices_known; /* the catalogue was read after the doubts … */
    bool prices_hold;  /* … and says what they were booked at */
    struct window_judgement judgement;
    struct window_settlement settlement;
};

static struct session *step_session(const struct step *step)
{
    return step->account->worker->work;
}

/* The next look, not before wait_ms. */
static void step_end(struct step *step, int64_t wait_ms)
{
    struct account_state *account = step->account;
    account->windowing = false;
    account->worker->running--;
    account_look_again(account, wait_ms);
    config_release(&step->owner);
    free(step);
}

static void step_failed(struct step *step, const char *what, const struct rows *rows)
{
    log_warn("window.failed", log_str("account", step->config->name), log_str("step", what),
             log_str("reason", rows_error(rows)));
    step_end(step, step->account->worker->config->poll_ms);
}

/* A statement whose answer needs no more than another look. */
static void changed(void *ctx, const struct rows *rows)
{
    struct step *step = ctx;
    if (rows_status(rows) != ROWS_OK)
        step_failed(step, "change", rows);
    else
        step_end(step, 0);
}

static void step_read_balance(struct step *step);
static void step_judge(struct step *step);

static void step_call(struct step *step, const struct call *call, call_done_fn *done)
{
    struct call_start start = {.account = step->config, .call = call, .done = done, .ctx = step};
    breaker_started(&step->account->breaker);
    provider_call(step->account->worker->loop, &start);
}

/* R2. */
static void step_open(struct step *step)
{
    window_open(step_session(step), step->config->name, step->view.version, step->has_balance, step->balance,
                step->sandbox, step->config->window, changed, step);
}

static void settled(void *ctx, const struct rows *rows)
{
    struct step *step = ctx;
    if (rows_status(rows) != ROWS_OK) {
        step_failed(step, "settle", rows);
        return;
    }
    if (rows_bool(rows, 0, "done")) {
        log_info("window.settled", log_str("account", step->config->name), log_int("window", step->view.window_id),
                 log_int("calls", step->view.begun), log_int("doubts", (int64_t)step->count));
        if (step->settlement.alarm != NULL)
            log_warn("account.alarm", log_str("account", step->config->name),
                     log_str("reason", step->settlement.alarm));
    }
    step_end(step, 0);
}

static void step_settle(struct step *step)
{
    struct window_settlement *s = &step->settlement;
    s->version = step->view.version;
    s->has_balance = step->has_balance;
    s->balance = step->balance;
    s->sandbox = step->sandbox;
    s->doubts = step->doubts;
    s->count = step->count;
    s->judgement = &step->judgement;
    s->evidence = step->config->settle == CONFIG_SETTLE_EVIDENCE;
    s->width = step->config->window;
    s->next = step->view.ready && s->alarm == NULL && step->has_balance;
    if (s->sentence == NULL)
        s->sentence = step->judgement.alarm ? "the balance fits no combination of the doubtful calls"
                                            : "the balance does not tell which of the doubtful calls was carried out";
    window_settle(step_session(step), step->config->name, s, settled, step);
}

/* A window without doubt whose balance does not fit, and no new price explains it. */
static void step_drift(struct step *step)
{
    credits_t rest = step->judgement.rest;
    if (window_drift(rest) == WINDOW_DRIFT_RISE)
        step->settlement.rise = -rest;
    else
        step->settlement.alarm = "credits are missing that no purchase of ours explains: somebody else spends";
    step_settle(step);
}

/* A price that changed under a doubt could make the sums fit the wrong call. */
static void prices_compared(void *ctx, const struct rows *rows)
{
    struct step *step = ctx;
    step->prices_hold = rows_status(rows) == ROWS_OK && rows_bool(rows, 0, "hold");
    step->prices_known = true;
    step_judge(step);
}

static void expected_read(void *ctx, const struct rows *rows)
{
    struct step *step = ctx;
    credits_t expected;
    const char *text = rows_status(rows) == ROWS_OK && rows_count(rows) == 1 ? rows_text(rows, 0, "expected") : NULL;
    if (text != NULL && credits_parse(text, &expected) && step->view.begun > 0 &&
        expected == step->view.opened - step->balance) {
        log_note("price.changed", log_str("account", step->config->name), log_int("window", step->view.window_id));
        step_settle(step);
    } else {
        step_drift(step);
    }
}

/* Conclusions and lessons need the prices that the calls were booked at; read after the balance, or a change in
 * between would be missed. */
static bool prices_matter(const struct step *step)
{
    return (step->count > 0 || step->view.solo) && !step->prices_known;
}

static void catalogue_stored(void *ctx, const struct rows *rows)
{
    struct step *step = ctx;
    if (rows_status(rows) != ROWS_OK)
        step_failed(step, "catalogue", rows);
    else if (prices_matter(step))
        window_prices_hold(step_session(step), step->view.window_id, prices_compared, step);
    else
        window_expected(step_session(step), step->view.window_id, expected_read, step);
}

static void catalogue_read(void *ctx, const struct answer *answer)
{
    struct step *step = ctx;
    struct account_product products[PRICES_MAX];
    size_t count = 0;
    attempt_report(step->account, answer);
    if (answer->verdict != VERDICT_DONE) {
        step_end(step, step->config->retry_base_ms);
        return;
    }
    for (; count < answer->item_count && count < PRICES_MAX; count++)
        products[count] = (struct account_product){answer->items[count].code, answer->items[count].name,
                                                   answer->items[count].price, answer->items[count].visible};
    for (size_t i = 0; i < PRICES_MAX; i++)
        step->account->prices[i].read_ms = 0; /* read again before the next purchase */
    account_products(step_session(step), step->config->name, products, count, catalogue_stored, step);
}

static void step_catalogue(struct step *step)
{
    struct call call = {.name = CALL_PRODUCTS};
    step_call(step, &call, catalogue_read);
}

/* What the only call of a solo window cost, if it is one of the sums that it may cost. */
static bool solo_learned(struct step *step)
{
    credits_t cost = step->view.opened - step->balance;
    if (!step->view.solo || !step->view.solo_done || step->count > 0 || !step->prices_hold)
        return false;
    if (cost != step->view.confirmed && cost != step->view.solo_other && (cost != 0 || !step->view.solo_free))
        return false;
    step->settlement.has_learned = true;
    step->settlement.learned = cost;
    return true;
}

/* R6: the balance has been read under the version of the view. */
static void step_judge(struct step *step)
{
    bool tainted = step->view.tainted || step->sandbox || !step->has_balance;
    if (!tainted && prices_matter(step)) {
        step_catalogue(step);
        return;
    }
    struct window_sum sum = {.tainted = tainted || (step->count > 0 && !step->prices_hold),
                             .opened = step->view.opened,
                             .closed = step->balance,
                             .confirmed = step->view.confirmed,
                             .count = step->count};
    for (size_t i = 0; i < step->count; i++)
        sum.doubts[i] = step->doubts[i].doubt;
    step->judgement = window_judge(&sum);
    if (sum.tainted) {
        step->settlement.sentence =
            step->prices_known ? "a price changed meanwhile, so the balance proves nothing"
                               : "nothing can be concluded from the balance while an earlier doubt is not settled";
    } else if (step->count > 0) {
        if (step->judgement.alarm)
            step->settlement.alarm = "the balance fits no combination of the doubtful calls";
        if (step->view.solo && step->count == 1 && step->judgement.learned[0]) {
            step->settlement.has_learned = true;
            step->settlement.learned = step->judgement.cost[0];
        }
    } else if (!solo_learned(step) && step->judgement.rest != 0) {
        if (step->prices_known)
            window_expected(step_session(step), step->view.window_id, expected_read, step);
        else
            step_catalogue(step);
        return;
    }
    step_settle(step);
}

static void step_balance_known(struct step *step)
{
    if (step->view.state == WINDOW_SHUT)
        step_open(step);
    else
        step_judge(step);
}

/* Never stuck: when nobody can read the balance for long, selling goes on without conclusions from it. */
static void unread_noted(void *ctx, const struct rows *rows)
{
    struct step *step = ctx;
    if (rows_status(rows) != ROWS_OK) {
        step_failed(step, "unread", rows);
    } else if (rows_int(rows, 0, "spell_ms") < step->config->unread_ms) {
        step_end(step, step->config->retry_base_ms);
    } else {
        log_warn("balance.unreadable", log_str("account", step->config->name),
                 log_int("ms", rows_int(rows, 0, "spell_ms")));
        step_balance_known(step);
    }
}

static void step_unread(struct step *step, const struct answer *answer)
{
    struct worker *worker = step->account->worker;
    const struct config_account *config = step->config;
    if (answer->denied && step->view.state == WINDOW_SHUT) {
        account_pause(worker->work, config->name, "the provider does not accept the account's token or our address");
        log_warn("account.paused", log_str("account", config->name), log_str("reason", answer->reason));
    }
    log_note("balance.unread", log_str("account", config->name), log_str("reason", answer->reason));
    step->has_balance = false;
    /* Probes come first, each of which may hang as well. */
    int64_t round_ms = config->retry_base_ms + (int64_t)(PROBE_TRIES * step->count + 2) * config->call_timeout_ms;
    window_unread(worker->work, config->name, UNREAD_GAP_MS + round_ms, config->unread_ms, unread_noted, step);
}

/* Two equal readings count: one may have been taken while something moved. */
static void balance_answered(void *ctx, const struct answer *answer)
{
    struct step *step = ctx;
    attempt_report(step->account, answer);
    if (answer->verdict != VERDICT_DONE || !answer->has_balance) {
        step_unread(step, answer);
        return;
    }
    if (step->readings > 0 && answer->balance != step->balance) {
        step_end(step, READ_AGAIN_MS);
        return;
    }
    step->has_balance = true;
    step->balance = answer->balance;
    step->sandbox = answer->sandbox;
    if (++step->readings < 2) {
        step_read_balance(step);
        return;
    }
    account_balance(step->account->worker->house, step->config->name, answer->balance, answer->sandbox);
    step_balance_known(step);
}

static void step_read_balance(struct step *step)
{
    struct call call = {.name = CALL_BALANCE};
    step_call(step, &call, balance_answered);
}

static void step_probe(struct step *step);

static void probe_ended(void *ctx, enum probe_end end)
{
    struct step *step = ctx;
    if (end == PROBE_FOUND)
        step_end(step, 0); /* the version has risen: look again */
    else if (end == PROBE_TAKEN || end == PROBE_FAILED)
        step_end(step, step->account->worker->config->poll_ms);
    else if (end == PROBE_UNANSWERED && step->view.tainted && ++step->tries < PROBE_TRIES)
        probe_start(step->account, &step->doubts[step->probed - 1], probe_ended, step); /* nothing else can tell */
    else
        step_probe(step);
}

/* R7: before the balance is read, each doubt that can be looked for. */
static void step_probe(struct step *step)
{
    while (step->probed < step->count) {
        const struct window_doubt_row *doubt = &step->doubts[step->probed++];
        step->tries = 0;
        if (doubt->probe) {
            probe_start(step->account, doubt, probe_ended, step);
            return;
        }
    }
    if (step->view.tainted)
        step_judge(step); /* no conclusion, no reading */
    else
        step_read_balance(step);
}

static void doubts_read(void *ctx, const struct rows *rows)
{
    struct step *step = ctx;
    int64_t version = step->view.version;
    int count = rows_status(rows) == ROWS_OK ? window_doubts_read(rows, &version, step->doubts) : -1;
    if (count < 0) {
        step_failed(step, "doubts", rows);
    } else if (version != step->view.version) {
        step_end(step, 0);
    } else {
        step->count = (size_t)count;
        step_probe(step);
    }
}

static void step_drain(struct step *step)
{
    if (step->view.calling > 0)
        step_end(step, step->account->worker->config->poll_ms); /* the last outcome looks again */
    else if (step->view.doubts > 0 && step->view.settle_ms > 0)
        step_end(step, step->view.settle_ms);
    else
        window_doubts(step_session(step), step->config->name, doubts_read, step);
}

/* R9: an open window ends when it is old, or alone and done, or has nothing to do. */
static bool window_is_over(struct step *step)
{
    const struct window_view *view = &step->view;
    struct account_state *account = step->account;
    int64_t now = worker_now_ms(account->worker);
    bool quiet = view->calling == 0 && account->preparing == 0;
    if (!quiet || view->ready)
        account->idle_ms = 0;
    else if (account->idle_ms == 0)
        account->idle_ms = now;
    return (quiet && view->solo) || view->age_ms >= WINDOW_SPAN_MS || view->begun >= WINDOW_CALLS_MAX ||
           (account->idle_ms != 0 && now - account->idle_ms >= WINDOW_IDLE_MS);
}

static void step_spend(struct step *step)
{
    const struct window_view *view = &step->view;
    struct account_state *account = step->account;
    int width = view->width < step->config->window ? view->width : step->config->window;
    int room = width - view->calling - account->preparing, most = account_room(account);
    bool claims = view->ready && !view->paused && !view->solo && !account->lane_claiming && room > 0 && most > 0 &&
                  !account->worker->draining;
    if (claims)
        spend_claim(account, room < most ? room : most);
    bool idle = account->idle_ms != 0;
    step_end(step, idle ? WINDOW_IDLE_MS : account->worker->config->poll_ms);
}

static void looked(void *ctx, const struct rows *rows)
{
    struct step *step = ctx;
    if (rows_status(rows) != ROWS_OK || !window_view_read(rows, &step->view)) {
        step_failed(step, "look", rows);
        return;
    }
    switch (step->view.state) {
    case WINDOW_SHUT:
        step->account->idle_ms = 0;
        if (step->view.ready && !step->view.paused && !step->account->worker->draining)
            step_read_balance(step);
        else
            step_end(step, step->account->worker->config->poll_ms);
        break;
    case WINDOW_OPEN:
        if (window_is_over(step))
            window_close(step_session(step), step->config->name, step->view.window_id, changed, step);
        else
            step_spend(step);
        break;
    case WINDOW_DRAIN:
        step_drain(step);
        break;
    }
}

void window_step(struct account_state *account)
{
    struct step *step;
    if (account->config->token.len == 0)
        return; /* without an account there is nothing to spend */
    step = heap_alloc(sizeof *step);
    step->account = account;
    step->owner = config_hold(account->owner);
    step->config = account->config;
    account->windowing = true;
    account->worker->running++;
    window_look(step_session(step), account->config->name, account->config->quiet_ms, looked, step);
}
