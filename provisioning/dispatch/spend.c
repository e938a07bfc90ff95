/* SPDX-License-Identifier: Apache-2.0 */
/* The steps before a paid call, each a short wait for one answer: of the
 * database or of a harmless read.  Until work_begin has committed the intent the
 * order is still queued, so whatever fails or dies before it costs nothing: the
 * order is given back, or its lease runs out. */
#include "dispatch/spend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "dispatch/attempt.h"
#include "dispatch/window.h"
#include "order/backoff.h"
#include "store/account.h"

/* Whoever had to wait comes before those that are ripe now. */
#define FIRST_AGAIN_MS (-60000)

struct spend {
    struct account_state *account;
    struct config *owner; /* held while a read may still look at config */
    const struct config_account *config;
    struct work *work;
    credits_t month;    /* the catalogue's price of a month */
    bool month_read;    /* it was read for this order, not remembered */
    credits_t most;     /* the most the call can cost */
    credits_t need;     /* what the balance must reach before the order is looked at again */
    const char *reason; /* of giving the order back; in the work's arena */
};

static void spend_end(struct spend *spend)
{
    spend->account->worker->running--;
    spend->account->preparing--;
    account_look_again(spend->account, 0);
    work_free(&spend->work);
    config_release(&spend->owner);
    free(spend);
}

static void spend_returned(void *ctx, const struct rows *rows)
{
    struct spend *spend = ctx;
    if (rows_status(rows) != ROWS_OK)
        log_warn("order.return_failed", log_int("order", spend->work->order_id), log_str("reason", rows_error(rows)));
    spend_end(spend);
}

/* Not now: held until something changes, or queued for another try. */
static void spend_return(struct spend *spend, enum order_state to, const char *code, int64_t wait_ms)
{
    struct worker *worker = spend->account->worker;
    log_info("order.returned", log_int("order", spend->work->order_id), log_str("state", order_state_word(to)),
             log_str("code", code), log_str("reason", spend->reason));
    work_return(worker->work, spend->work, to, code, spend->reason, wait_ms, spend->need > 0, spend->need,
                spend_returned, spend);
}

static void spend_try_later(struct spend *spend, const char *code, const char *what, const struct answer *answer)
{
    const struct config_account *config = spend->config;
    struct backoff backoff = {config->retry_base_ms, config->retry_cap_ms};
    int64_t least = answer->seen.retry_after_ms > 0 ? answer->seen.retry_after_ms : 0;
    int tries = answer->verdict == VERDICT_REFUSED ? 16 : spend->account->breaker.failures + 1;
    spend->reason = arena_printf(&spend->work->arena, "%s: %s", what, answer->reason);
    spend_return(spend, ORDER_QUEUED, code, backoff_wait_ms(&backoff, tries, least, worker_random()));
}

/* The token or our address is not accepted: every further call would be refused. */
static void spend_denied(struct spend *spend, const struct answer *answer)
{
    struct account_state *account = spend->account;
    spend->reason = arena_printf(&spend->work->arena, "the provider does not accept the account: %s", answer->reason);
    log_warn("account.paused", log_str("account", account->config->name), log_str("reason", spend->reason));
    account_pause(account->worker->work, account->config->name, spend->reason);
    spend_return(spend, ORDER_HELD, "account_denied", 0);
}

static void spend_read(struct spend *spend, const struct call *call, call_done_fn *done)
{
    struct call_start start = {.account = spend->config, .call = call, .done = done, .ctx = spend};
    breaker_started(&spend->account->breaker);
    provider_call(spend->account->worker->loop, &start);
}

static void paid_ended(struct account_state *account)
{
    account_look_again(account, 0);
}

static void spend_short(struct spend *spend, credits_t left)
{
    char have[CREDITS_TEXT_MAX], need[CREDITS_TEXT_MAX];
    credits_format(left, have);
    credits_format(spend->most, need);
    spend->need = spend->work->has_learned ? spend->most : spend->month;
    spend->reason = arena_printf(&spend->work->arena, "short of credits: %s are left, the order needs %s", have, need);
    spend_return(spend, ORDER_HELD, "short_of_credits", 0);
}

static void price_answered(void *ctx, const struct answer *answer);

/* Whose price counts: a change of product is priced as what it becomes. */
static const char *priced_type(const struct work *work)
{
    return work->type == ORDER_CHANGE_PRODUCT ? work->plan.new_upstream_type : work->plan.upstream_type;
}

static void price_read(struct spend *spend)
{
    struct call call = {
        .name = CALL_PRODUCT, .count = 1, .fields = {{.name = "code", .text = priced_type(spend->work)}}};
    spend->month_read = true;
    spend_read(spend, &call, price_answered);
}

/* Too dear by a price that was remembered: it may have fallen. */
static void spend_dear(struct spend *spend)
{
    if (spend->month_read)
        spend_return(spend, ORDER_HELD, "price_guard", 0);
    else
        price_read(spend);
}

static void order_dear(struct spend *spend, credits_t most)
{
    char price[CREDITS_TEXT_MAX], limit[CREDITS_TEXT_MAX];
    credits_format(most, price);
    credits_format(spend->work->max_credits, limit);
    spend->reason = arena_printf(&spend->work->arena,
                                 "price guard: the order may cost %s credits, its max_credits is %s; "
                                 "it waits until the price falls",
                                 price, limit);
    spend_dear(spend);
}

static void intent_written(void *ctx, const struct rows *rows)
{
    struct spend *spend = ctx;
    struct account_state *account = spend->account;
    struct work *work = spend->work;
    credits_t price = 0;
    enum work_go go = WORK_LOST;
    if (rows_status(rows) == ROWS_OK)
        go = work_begin_read(rows, &work->attempt, &price);
    if (go == WORK_DEAR) {
        order_dear(spend, price);
    } else if (go == WORK_SHORT) {
        spend_short(spend, price);
    } else if (go == WORK_WAIT) {
        spend->reason = "waits for its turn in the account's spending window";
        spend_return(spend, ORDER_QUEUED, "window", FIRST_AGAIN_MS);
    } else if (go == WORK_LOST) {
        /* Nothing was sent.  If the intent was committed after all, the lease runs out and the missing mark of the
         * fence sends the order back into the queue. */
        log_info("order.turn_lost", log_int("order", work->order_id), log_str("reason", rows_error(rows)));
        spend->reason = "the turn was lost before the call: overtaken, or the account was paused";
        spend_return(spend, ORDER_QUEUED, "not_called", 0);
    } else {
        config_release(&spend->owner);
        free(spend);
        account->preparing--;
        attempt_start(account, &work, price, paid_ended);
    }
}

static void spend_begin(struct spend *spend)
{
    struct worker *worker = spend->account->worker;
    struct work_limits limits = {spend->config->window, WINDOW_CALLS_MAX, WINDOW_SPAN_MS};
    work_begin(worker->work, worker->name, spend->work, worker_lease_ms(worker, spend->config), spend->month, &limits,
               intent_written, spend);
}

/* Whether the product's limit forbids the price; says so in reason.  The order's own limit is looked at where the
 * price is booked. */
static bool product_dear(struct spend *spend)
{
    const struct work *work = spend->work;
    const char *code = work->type == ORDER_CHANGE_PRODUCT ? work->new_product_code : work->product_code;
    const struct config_product *product = config_product_find(spend->account->worker->config, code);
    char price[CREDITS_TEXT_MAX];
    credits_t most_month;
    if (product == NULL) {
        spend->reason =
            arena_printf(&spend->work->arena, "product %s is no longer configured: its limit is not known", code);
        return true;
    }
    if (product->max_credits == NULL || !credits_parse(product->max_credits, &most_month) || spend->month <= most_month)
        return false;
    credits_format(spend->month, price);
    spend->reason = arena_printf(&spend->work->arena,
                                 "price guard: a month costs %s credits, product %s allows %s; it waits until the "
                                 "price falls or the limit is raised",
                                 price, product->code, product->max_credits);
    return true;
}

static void spend_priced(struct spend *spend, credits_t month)
{
    int months = spend->work->plan.billing_months;
    spend->month = month;
    if (spend->work->has_learned) {
        spend->most = spend->work->learned;
    } else if (!credits_times(month, months > 0 ? months : 1, &spend->most)) {
        spend->reason = "the price is out of any range: an operator has to look";
        spend_return(spend, ORDER_HELD, "price_range", 0);
        return;
    }
    if (product_dear(spend))
        spend_dear(spend);
    else
        spend_begin(spend);
}

static struct price *price_find(struct account_state *account, const char *type)
{
    for (size_t i = 0; i < PRICES_MAX; i++)
        if (strcmp(account->prices[i].type, type) == 0)
            return &account->prices[i];
    return NULL;
}

static void price_keep(struct account_state *account, const char *type, credits_t price)
{
    struct price *slot = price_find(account, type);
    for (size_t i = 0; slot == NULL && i < PRICES_MAX; i++)
        if (account->prices[i].read_ms == 0)
            slot = &account->prices[i];
    if (slot == NULL || strlen(type) >= sizeof slot->type)
        return; /* not kept: it is read again next time */
    snprintf(slot->type, sizeof slot->type, "%s", type);
    slot->price = price;
    slot->read_ms = worker_now_ms(account->worker);
}

static void price_answered(void *ctx, const struct answer *answer)
{
    struct spend *spend = ctx;
    struct account_state *account = spend->account;
    attempt_report(account, answer);
    if (answer->denied) {
        spend_denied(spend, answer);
        return;
    }
    if (answer->verdict != VERDICT_DONE || answer->item_count != 1) {
        spend_try_later(spend, "price_unknown", "the price could not be read", answer);
        return;
    }
    const struct catalogue_item *item = &answer->items[0];
    const char *type = priced_type(spend->work);
    if (item->code == NULL || strcmp(item->code, type) != 0) {
        spend_try_later(spend, "price_unknown", "the provider answered with another product's price", answer);
        return;
    }
    price_keep(account, type, item->price);
    struct account_product product = {type, item->name, item->price, item->visible};
    account_products(account->worker->house, account->config->name, &product, 1, NULL, NULL);
    spend_priced(spend, item->price);
}

static void spend_price(struct spend *spend)
{
    struct account_state *account = spend->account;
    const struct price *known = price_find(account, priced_type(spend->work));
    int64_t every = account->worker->config->catalogue_ms;
    if (known != NULL &&
        worker_now_ms(account->worker) - known->read_ms < (every < PRICE_FRESH_MS ? every : PRICE_FRESH_MS))
        spend_priced(spend, known->price);
    else
        price_read(spend);
}

static void spend_new(struct account_state *account, struct work *work)
{
    struct worker *worker = account->worker;
    struct spend *spend = heap_alloc(sizeof *spend);
    spend->account = account;
    spend->owner = config_hold(account->owner);
    spend->config = account->config;
    spend->work = work;
    account->preparing++;
    worker->running++;
    if (worker->draining || !worker_lease_good(worker, account->config, account->lane_ms)) {
        spend->reason = "the worker stopped, or was too slow, before the call";
        spend_return(spend, ORDER_QUEUED, "not_called", 0);
    } else {
        spend_price(spend);
    }
}

static void lane_claimed(void *ctx, const struct rows *rows)
{
    struct account_state *account = ctx;
    account->lane_claiming = false;
    if (rows_status(rows) != ROWS_OK)
        return; /* committed or not, the leases of what we cannot see run out */
    for (int row = 0; row < rows_count(rows); row++) {
        struct work *work = work_read(rows, row);
        if (work != NULL)
            spend_new(account, work);
    }
}

void spend_claim(struct account_state *account, int limit)
{
    struct worker *worker = account->worker;
    account->lane_claiming = true;
    account->lane_ms = worker_now_ms(worker);
    work_claim_paid(worker->work, worker->name, account->config->name, limit, worker_lease_ms(worker, account->config),
                    lane_claimed, account);
}
