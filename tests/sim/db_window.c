/* SPDX-License-Identifier: Apache-2.0 */
/* The transactions of 0007_money.sql: R2 and R5 to R9.  Each function is atomic, as
 * its twin is.  What the balance concludes comes in from order/window.c. */
#include <string.h>

#include "sim.h"

struct learned *price_learned(struct sim *s, const struct order *o)
{
    return &s->db.accounts[o->account].learned[o->type][o->product][o->months > 1];
}

static bool order_spends(const struct order *o, int account)
{
    return o->stored && o->account == account && o->paid;
}

struct window_view window_look(const struct sim *s, int account)
{
    struct window_view view = {0};
    int64_t deadline = 0;
    for (int i = 0; i < s->rules.orders; i++) {
        const struct order *o = &s->db.orders[i];
        if (!order_spends(o, account))
            continue;
        view.calling += o->state == ORDER_CALLING;
        if (o->state == ORDER_IN_DOUBT) {
            view.doubts++;
            deadline = o->deadline > deadline ? o->deadline : deadline;
        }
    }
    for (int i = 0; i < s->rules.licenses; i++) {
        const struct line *l = &s->db.lines[i];
        if (l->head != NONE && l->run_at <= s->now && l->lease_owner == NONE)
            view.ready = view.ready || order_spends(&s->db.orders[l->head], account);
    }
    int64_t settle = deadline + QUIET_MS - s->now;
    view.settle_ms = view.doubts > 0 && settle > 0 && s->bug != BUG_NO_QUIET_WAIT ? settle : 0;
    return view;
}

static bool account_unsettled(const struct sim *s, int account)
{
    for (int i = 0; i < s->rules.orders; i++)
        if (order_spends(&s->db.orders[i], account) && s->db.orders[i].unsettled)
            return true;
    return false;
}

static void window_open_locked(struct sim *s, int account, credits_t balance, bool unread)
{
    struct account *a = &s->db.accounts[account];
    a->tainted = unread || a->alarm || account_unsettled(s, account);
    if (s->bug == BUG_TAINT_IGNORED)
        a->tainted = unread;
    a->version++;
    a->window_state = WINDOW_OPEN;
    a->window_id = ++s->db.last_window;
    a->width = a->tainted ? 1 : a->width;
    a->solo = false;
    a->balance_open = unread ? NONE : balance;
    a->confirmed = 0;
    a->begun = a->done = 0;
    a->opened_at = s->now;
    s->reached[REACHED_TAINTED] += a->tainted;
    trace(s, "account %d: window %d opens at %lld%s", account, a->window_id, (long long)a->balance_open,
          a->tainted ? ", tainted" : "");
}

/* Locks the account if nothing has changed since `version`. */
static bool account_lock(struct sim *s, int account, int64_t version)
{
    if (s->db.accounts[account].version == version || s->bug == BUG_NO_VERSION_CHECK)
        return true;
    s->reached[REACHED_STALE]++;
    return false;
}

bool window_open(struct sim *s, int account, int64_t version, const struct errand *errand)
{
    struct window_view view = window_look(s, account);
    if (!account_lock(s, account, version) || s->db.accounts[account].window_state != WINDOW_SHUT ||
        view.calling + view.doubts > 0)
        return false;
    window_open_locked(s, account, errand->balance, errand->unread);
    return true;
}

void window_close(struct sim *s, int account)
{
    struct account *a = &s->db.accounts[account];
    if (a->window_state != WINDOW_OPEN)
        return;
    a->window_state = WINDOW_DRAIN;
    a->version++;
    trace(s, "account %d: window %d closes", account, a->window_id);
}

bool window_doubts(const struct sim *s, int account, struct errand *errand)
{
    const struct account *a = &s->db.accounts[account];
    struct window_sum *sum = &errand->sum;
    *sum = (struct window_sum){.tainted = a->tainted, .opened = a->balance_open, .confirmed = a->confirmed};
    if (s->bug == BUG_OLD_LOOK)
        errand->version = a->version;
    if (errand->version != a->version)
        return false;
    for (int i = 0; i < s->rules.orders; i++) {
        const struct order *o = &s->db.orders[i];
        if (!order_spends(o, account) || o->state != ORDER_IN_DOUBT)
            continue;
        errand->orders[sum->count] = i;
        sum->doubts[sum->count++] = (struct window_doubt){o->price, o->price_other, o->may_be_free};
    }
    return true;
}

void taint_lifted(struct sim *s, int account)
{
    struct account *a = &s->db.accounts[account];
    if (a->window_state != WINDOW_OPEN || !a->tainted || a->balance_open == NONE || a->alarm ||
        account_unsettled(s, account))
        return;
    s->reached[REACHED_LIFTED]++;
    a->window_state = WINDOW_DRAIN;
    a->version++;
}

bool order_probeable(const struct sim *s, int order)
{
    const struct order *o = &s->db.orders[order];
    return o->stored && o->type == ORDER_CREATE && !s->up.old[o->license] &&
           (o->state == ORDER_IN_DOUBT || o->unsettled);
}

int64_t probe_take(struct sim *s, int host, int order)
{
    struct line *l = &s->db.lines[s->db.orders[order].license];
    if (l->lease_owner != NONE || !order_probeable(s, order))
        return NONE;
    l->lease_owner = host;
    l->lease_until = l->run_at = s->now + LEASE_MS;
    l->probe_until = s->now + CALL_TIMEOUT_MS + QUIET_MS;
    return ++l->lease_epoch;
}

void probe_give(struct sim *s, int host, int order, int64_t epoch, bool certain)
{
    struct line *l = &s->db.lines[s->db.orders[order].license];
    if (l->lease_owner != host || l->lease_epoch != epoch)
        return;
    if (!certain && l->probe_until > l->settle_until)
        l->settle_until = l->probe_until;
    if (s->bug == BUG_PROBE_FORGOTTEN && certain)
        l->settle_until = 0;
    l->probe_until = 0;
    l->lease_owner = NONE;
    bool queued = l->head != NONE && s->db.orders[l->head].state == ORDER_QUEUED;
    l->run_at = !queued ? INT64_MAX : l->settle_until > s->now ? l->settle_until : s->now;
}

bool window_probed(struct sim *s, int order)
{
    struct order *o = &s->db.orders[order];
    bool tainted = o->unsettled;
    if (!order_probeable(s, order))
        return false;
    s->reached[REACHED_PROBED]++;
    account_touched(s, order, ORDER_SUCCEEDED);
    order_end(s, order, ORDER_SUCCEEDED, "probe");
    if (tainted)
        taint_lifted(s, o->account);
    return true;
}

static void doubt_end(struct sim *s, int order, enum window_fate fate)
{
    struct order *o = &s->db.orders[order];
    struct line *l = &s->db.lines[o->license];
    static const enum reached reached[] = {[WINDOW_FATE_DONE] = REACHED_DONE,
                                           [WINDOW_FATE_NOT] = REACHED_NOT,
                                           [WINDOW_FATE_FREE] = REACHED_FREE,
                                           [WINDOW_FATE_UNKNOWN] = REACHED_AMBIGUOUS};
    bool not_charged = fate == WINDOW_FATE_NOT || fate == WINDOW_FATE_FREE;
    s->reached[reached[fate]]++;
    if (fate == WINDOW_FATE_DONE) {
        order_end(s, order, ORDER_SUCCEEDED, "balance");
    } else if (not_charged && s->rules.evidence) {
        order_move(s, order, ORDER_QUEUED, "balance");
        o->doubted = fate == WINDOW_FATE_FREE && s->bug != BUG_FREE_FORGOTTEN;
        l->run_at = o->next_try = s->now;
    } else {
        order_move(s, order, ORDER_NEEDS_REVIEW, not_charged ? "not_shown" : "unsettled");
        o->unsettled = o->doubted = true;
    }
}

/* What an untainted window without doubts teaches: the cost of its only call, a
 * top-up, or an alarm. */
static void window_book(struct sim *s, int account, const struct errand *errand)
{
    struct account *a = &s->db.accounts[account];
    credits_t total = a->balance_open - errand->balance;
    credits_t rest = total - a->confirmed;
    for (int i = 0; i < s->rules.orders && a->solo && a->done == 1; i++) {
        const struct order *o = &s->db.orders[i];
        if (!order_spends(o, account) || o->window_id != a->window_id || o->state != ORDER_SUCCEEDED ||
            (total != o->price && total != o->price_other && !(o->may_be_free && total == 0)) || errand->prices_moved)
            continue;
        if (o->may_be_free)
            return; /* what may have found an old license teaches nothing */
        *price_learned(s, o) = (struct learned){true, o->month, total};
        s->reached[REACHED_LEARNED]++;
        return;
    }
    s->reached[REACHED_RISE] += window_drift(rest) == WINDOW_DRIFT_RISE;
    if (window_drift(rest) == WINDOW_DRIFT_FALL)
        a->alarm = true;
}

/* A doubt alone in its window that was shown done teaches its cost too. */
static void window_learn(struct sim *s, int account, const struct errand *errand, const struct window_judgement *j)
{
    if (!s->db.accounts[account].solo || errand->sum.count != 1 || !j->learned[0])
        return;
    const struct order *o = &s->db.orders[errand->orders[0]];
    if (!o->may_be_free)
        *price_learned(s, o) = (struct learned){true, o->month, j->cost[0]};
}

/* The seeded mistake of trusting the first subset that fits. */
static void judgement_guess(const struct window_sum *sum, struct window_judgement *j)
{
    for (unsigned set = 0; set < 1u << sum->count; set++) {
        credits_t total = 0;
        for (size_t i = 0; i < sum->count; i++)
            total += (set >> i & 1u) != 0 ? sum->doubts[i].price : 0;
        if (total != j->rest)
            continue;
        for (size_t i = 0; i < sum->count; i++)
            j->fates[i] = (set >> i & 1u) != 0 ? WINDOW_FATE_DONE : WINDOW_FATE_NOT;
        return;
    }
}

bool window_settle(struct sim *s, int account, const struct errand *errand, bool next)
{
    struct account *a = &s->db.accounts[account];
    bool flying = window_look(s, account).calling > 0 && s->bug != BUG_JUDGED_IN_FLIGHT;
    if (!account_lock(s, account, errand->version) || a->window_state != WINDOW_DRAIN || flying)
        return false;
    struct window_sum sum = errand->sum;
    sum.closed = errand->balance;
    struct window_judgement j = window_judge(&sum);
    if (s->bug == BUG_FIRST_SUBSET && !sum.tainted)
        judgement_guess(&sum, &j);
    trace(s, "account %d: window %d settled, missing %lld, %zu doubts%s", account, a->window_id, (long long)j.rest,
          sum.count, j.alarm ? ", alarm" : "");
    promises_check_settled(s, account, errand);
    for (size_t i = 0; i < sum.count; i++)
        doubt_end(s, errand->orders[i], j.fates[i]);
    bool alarmed = a->alarm;
    if (!sum.tainted && sum.count == 0)
        window_book(s, account, errand);
    window_learn(s, account, errand, &j);
    a->alarm = a->alarm || j.alarm;
    s->reached[REACHED_ALARM] += a->alarm && !alarmed;
    a->width = sum.count > 0 || sum.tainted || a->alarm ? 1
               : a->width * 2 < s->rules.width          ? a->width * 2
                                                        : s->rules.width;
    a->version++;
    a->window_state = WINDOW_SHUT;
    a->solo = false;
    if (next && !errand->unread)
        window_open_locked(s, account, errand->balance, false);
    return true;
}

const char *operator_resolve(struct sim *s, int order, const char *answer)
{
    struct order *o = &s->db.orders[order];
    bool early = s->bug == BUG_OPERATOR_EARLY;
    if (o->state != ORDER_NEEDS_REVIEW && !early)
        return "state";
    if (o->deadline + QUIET_MS > s->now && !early)
        return "early";
    if (s->bug != BUG_RESOLVE_KEEPS_VERSION)
        s->db.accounts[o->account].version++;
    s->reached[REACHED_RESOLVED]++;
    o->unsettled = false;
    if (strcmp(answer, "happened") == 0) {
        order_end(s, order, ORDER_SUCCEEDED, "resolved");
    } else if (strcmp(answer, "did_not_happen") == 0) {
        order_end(s, order, ORDER_FAILED, "resolved");
    } else {
        order_move(s, order, ORDER_QUEUED, "buy_again");
        o->doubted = false;
        s->db.lines[o->license].run_at = o->next_try = s->now;
    }
    taint_lifted(s, o->account);
    return "ok";
}

void operator_acknowledge(struct sim *s, int account)
{
    struct account *a = &s->db.accounts[account];
    a->version += a->alarm;
    a->alarm = false;
    taint_lifted(s, account);
}
