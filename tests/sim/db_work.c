/* SPDX-License-Identifier: Apache-2.0 */
/* The transactions of 0004_worker.sql and of R3 (0007_money.sql: work_begin), as far
 * as money and order depend on them.  Each function is atomic, as its twin is. */
#include "sim.h"

static bool line_held(const struct line *l, int order, int64_t epoch)
{
    return l->head == order && l->lease_epoch == epoch && l->lease_owner != NONE;
}

static void line_free(struct line *l, int64_t run_at)
{
    l->lease_owner = NONE;
    l->run_at = run_at;
}

/* Leases the ripest line.  A repeatable head moves to calling at once; a paid one
 * stays queued until work_begin. */
int work_claim(struct sim *s, int host, bool paid, int account)
{
    struct line *ripe = NULL;
    for (int i = 0; i < s->rules.licenses; i++) {
        struct line *l = &s->db.lines[i];
        if (l->head == NONE || l->lease_owner != NONE || l->run_at > s->now)
            continue;
        const struct order *o = &s->db.orders[l->head];
        if (o->paid == paid && o->account == account && (ripe == NULL || l->run_at < ripe->run_at))
            ripe = l;
    }
    bool shut = s->db.accounts[account].window_state != WINDOW_OPEN && s->bug != BUG_BEGIN_WHEN_SHUT;
    if (ripe == NULL || (paid && shut))
        return NONE;
    ripe->lease_owner = host;
    ripe->lease_epoch++;
    ripe->lease_until = ripe->run_at = s->now + LEASE_MS;
    struct order *o = &s->db.orders[ripe->head];
    if (!paid) {
        order_move(s, ripe->head, ORDER_CALLING, "calling");
        o->attempts++;
    }
    return ripe->head;
}

/* Whether the window takes one more call that costs `least` or more; alone: only a fresh window does. */
static enum begin_code begin_admit(struct sim *s, struct account *a, bool alone, credits_t least, int account)
{
    int calling = 0;
    credits_t committed = 0;
    for (int i = 0; i < s->rules.orders; i++) {
        const struct order *c = &s->db.orders[i];
        if (c->account == account && c->paid && c->state == ORDER_CALLING) {
            calling++;
            committed += c->price;
        }
    }
    int width = a->width < s->rules.width ? a->width : s->rules.width;
    bool open = a->window_state == WINDOW_OPEN || s->bug == BUG_BEGIN_WHEN_SHUT;
    if (!open || a->solo || calling >= width)
        return BEGIN_WAIT;
    if (a->begun >= s->rules.count || a->opened_at + WINDOW_SPAN_MS < s->now ||
        (alone && a->begun > 0 && !a->tainted)) {
        window_close(s, account);
        return BEGIN_WAIT;
    }
    if (a->balance_open != NONE && a->balance_open - a->confirmed - committed < least)
        return BEGIN_SHORT;
    if (calling > 0)
        s->reached[REACHED_PARALLEL]++;
    return BEGIN_GO;
}

enum begin_code work_begin(struct sim *s, int host, int order, int64_t epoch, credits_t month)
{
    struct order *o = &s->db.orders[order];
    struct account *a = &s->db.accounts[o->account];
    struct line *l = &s->db.lines[o->license];
    if (!line_held(l, order, epoch) || l->lease_owner != host || l->lease_until <= s->now || o->state != ORDER_QUEUED)
        return BEGIN_LOST;
    l->lease_until = l->run_at = s->now + LEASE_MS;
    const struct learned *known = price_learned(s, o);
    if (!known->known || known->month != month)
        known = NULL;
    bool odd = o->type == ORDER_CREATE && s->up.old[o->license];
    bool alone = known == NULL || odd;
    enum begin_code code = begin_admit(s, a, alone, known != NULL ? known->price : month, o->account);
    if (code != BEGIN_GO)
        return code;
    order_move(s, order, ORDER_CALLING, "calling");
    o->attempts++;
    o->month = month;
    o->price = known != NULL ? known->price : month * o->months;
    o->price_other = known != NULL ? known->price : month;
    o->may_be_free = odd && s->bug != BUG_FREE_COST_UNKNOWN;
    o->window_id = a->window_id;
    o->deadline = NONE;
    a->begun++;
    a->solo = alone && !a->tainted;
    a->version++;
    return BEGIN_GO;
}

bool work_fence(struct sim *s, int order, int attempt, int64_t epoch)
{
    struct order *o = &s->db.orders[order];
    const struct line *l = &s->db.lines[o->license];
    bool mine = o->state == ORDER_CALLING && o->attempts == attempt && o->sent_attempt < attempt && l->head == order &&
                l->lease_epoch == epoch && l->lease_until > s->now + CALL_TIMEOUT_MS;
    if (!mine && s->bug != BUG_NO_FENCE)
        return false;
    o->sent_attempt = attempt;
    o->deadline = s->now + CALL_TIMEOUT_MS;
    return true;
}

void account_touched(struct sim *s, int order, enum order_state to)
{
    const struct order *o = &s->db.orders[order];
    struct account *a = &s->db.accounts[o->account];
    if (!o->paid)
        return;
    a->version++;
    if (to == ORDER_IN_DOUBT) {
        s->reached[REACHED_DOUBT]++;
        a->width = 1;
        if (a->window_state == WINDOW_OPEN)
            a->window_state = WINDOW_DRAIN;
    }
    if (to == ORDER_SUCCEEDED && (o->state == ORDER_CALLING || o->state == ORDER_IN_DOUBT) &&
        o->window_id == a->window_id && a->window_state != WINDOW_SHUT) {
        a->confirmed += s->bug == BUG_CONFIRMED_FORGOTTEN ? 0 : o->price;
        a->done++;
    }
}

bool work_outcome(struct sim *s, const struct flight *flight)
{
    struct order *o = &s->db.orders[flight->order];
    struct line *l = &s->db.lines[o->license];
    const struct decision *d = &flight->decision;
    if (o->attempts != flight->attempt)
        return false;
    bool late =
        (o->state == ORDER_IN_DOUBT || o->state == ORDER_NEEDS_REVIEW) && o->doubted && d->to == ORDER_SUCCEEDED;
    if (!late && !(o->state == ORDER_CALLING && line_held(l, flight->order, flight->epoch)))
        return false;
    s->reached[REACHED_LATE] += late;
    account_touched(s, flight->order, d->to);
    line_free(l, INT64_MAX);
    if (d->settle_ms > 0)
        l->settle_until = s->now + d->settle_ms;
    if (order_state_finished(d->to)) {
        bool tainted = o->unsettled;
        order_end(s, flight->order, d->to, d->reason_code);
        if (tainted)
            taint_lifted(s, o->account);
        return true;
    }
    order_move(s, flight->order, d->to, d->reason_code);
    o->doubted = o->doubted || d->doubted;
    o->next_try = s->now + (d->wait_ms > 0 ? d->wait_ms : 0);
    if (d->to == ORDER_QUEUED)
        l->run_at = o->next_try;
    return true;
}

void work_return(struct sim *s, int order, int64_t epoch, enum order_state to, const char *reason, int64_t wait_ms,
                 credits_t need)
{
    struct order *o = &s->db.orders[order];
    struct line *l = &s->db.lines[o->license];
    if (!line_held(l, order, epoch) || o->state != ORDER_QUEUED)
        return;
    order_move(s, order, to, reason);
    o->price = need > 0 ? need : o->price;
    line_free(l, to == ORDER_QUEUED ? s->now + wait_ms : INT64_MAX);
}

void work_takeover(struct sim *s)
{
    for (int i = 0; i < s->rules.licenses; i++) {
        struct line *l = &s->db.lines[i];
        if (l->head == NONE || l->lease_owner == NONE || l->lease_until > s->now)
            continue;
        int order = l->head;
        struct order *o = &s->db.orders[order];
        bool sent = o->sent_attempt == o->attempts && s->bug != BUG_TAKEOVER_UNSENT;
        trace(s, "takeover of order %d", order);
        s->reached[REACHED_TAKEOVER]++;
        l->lease_epoch++;
        line_free(l, s->now);
        l->settle_until = l->probe_until > l->settle_until ? l->probe_until : l->settle_until;
        l->probe_until = 0;
        if (o->state != ORDER_CALLING)
            continue;
        enum order_state to = o->paid && sent ? ORDER_IN_DOUBT : ORDER_QUEUED;
        if (!o->paid || sent) {
            l->settle_until = s->now + QUIET_MS;
            o->doubted = true;
        }
        account_touched(s, order, to);
        order_move(s, order, to, "worker_lost");
        o->next_try = s->now;
        l->run_at = to == ORDER_QUEUED ? s->now : INT64_MAX;
    }
}

static bool hold_ends_by_balance(const struct sim *s, int order, int account)
{
    const struct order *o = &s->db.orders[order];
    return o->stored && o->account == account && o->paid && o->state == ORDER_HELD;
}

void holds_release(struct sim *s, int account, credits_t balance)
{
    for (int i = 0; i < s->rules.orders; i++) {
        struct order *o = &s->db.orders[i];
        if (!hold_ends_by_balance(s, i, account) || o->price > balance)
            continue;
        order_move(s, i, ORDER_BLOCKED, "released");
        line_advance(s, o->license);
    }
}

bool accounts_short(const struct sim *s, int account)
{
    for (int i = 0; i < s->rules.orders; i++)
        if (hold_ends_by_balance(s, i, account))
            return true;
    return false;
}
