/* SPDX-License-Identifier: Apache-2.0 */
/* A host's errands for an account's window: opening it, closing it, settling it.
 * No host owns a window; any of them may be on the same errand at the same time,
 * and the account's version decides whose counts. */
#include "sim.h"

static void errand_next(struct sim *s, int host, int account)
{
    int slowest = random_below(s, 8) == 0 ? 3000 : 120; /* a read may take its time */
    s->hosts[host].errands[account].step++;
    event_add(s, random_between(s, 1, slowest), EVENT_ERRAND, host, account);
}

static void errand_begin(struct sim *s, int host, int account, enum errand_kind kind)
{
    s->hosts[host].errands[account] =
        (struct errand){.kind = kind, .step = NONE, .version = s->db.accounts[account].version};
    errand_next(s, host, account);
}

static bool unread_too_long(const struct sim *s, int account)
{
    int64_t since = s->db.accounts[account].unread_since;
    return since != NONE && s->now - since > UNREAD_MAX_MS;
}

/* R7: asks for the next order that can be looked for; false: there is none (left).
 * While a probe is out, the errand waits for it. */
static bool probe_next(struct sim *s, int host, int account)
{
    struct errand *e = &s->hosts[host].errands[account];
    for (; e->probed < s->rules.orders && s->rules.probe; e->probed++) {
        int i = e->probed;
        bool wanted = e->kind == ERRAND_TRAY ? s->db.orders[i].unsettled : s->db.orders[i].state == ORDER_IN_DOUBT;
        if (!wanted || s->db.orders[i].account != account || !order_probeable(s, i))
            continue;
        e->epoch = probe_take(s, host, i);
        if (e->epoch == NONE)
            e->kind = ERRAND_NONE; /* another host is at it */
        else
            event_add(s, upstream_probe(s, i, &e->answered, &e->found), EVENT_PROBED, host, i);
        return true;
    }
    return false;
}

/* Only what is found counts; that nothing is found proves nothing. */
void errand_probed(struct sim *s, int host, int order)
{
    int account = s->db.orders[order].account;
    struct errand *e = &s->hosts[host].errands[account];
    probe_give(s, host, order, e->epoch, e->answered);
    if (e->found && window_probed(s, order))
        e->kind = ERRAND_NONE; /* the version has risen */
    bool again = !e->answered && s->db.accounts[account].tainted && ++e->tries < PROBE_TRIES;
    if (!again) {
        e->probed++;
        e->tries = 0;
    }
    if (e->kind != ERRAND_NONE)
        errand_step(s, host, account);
}

static void open_wanted(struct sim *s, int host, int account, const struct window_view *view)
{
    if (view->ready && view->calling + view->doubts == 0)
        errand_begin(s, host, account, ERRAND_OPEN);
    else if (accounts_short(s, account) && random_below(s, 3) == 0)
        errand_begin(s, host, account, ERRAND_HOLDS);
}

static bool account_in_review(const struct sim *s, int account)
{
    for (int i = 0; i < s->rules.orders; i++)
        if (s->db.orders[i].account == account && s->db.orders[i].unsettled)
            return true;
    return false;
}

void errand_start(struct sim *s, int host, int account)
{
    const struct account *a = &s->db.accounts[account];
    struct window_view view = window_look(s, account);
    bool idle = view.calling == 0 && !view.ready;
    if (s->hosts[host].errands[account].kind != ERRAND_NONE)
        return;
    if (random_below(s, 8) == 0 && account_in_review(s, account)) {
        errand_begin(s, host, account, ERRAND_TRAY);
        return;
    }
    switch (a->window_state) {
    case WINDOW_SHUT:
        open_wanted(s, host, account, &view);
        break;
    case WINDOW_OPEN:
        if (idle || a->begun >= s->rules.count || a->opened_at + WINDOW_SPAN_MS < s->now)
            window_close(s, account);
        break;
    case WINDOW_DRAIN:
        if (view.settle_ms == 0 && (view.calling == 0 || s->bug == BUG_JUDGED_IN_FLIGHT))
            errand_begin(s, host, account, ERRAND_SETTLE);
        break;
    }
}

/* The balance, twice equal.  False: not yet, or not at all (the errand has ended). */
static bool balance_read(struct sim *s, int host, int account)
{
    struct errand *e = &s->hosts[host].errands[account];
    struct account *a = &s->db.accounts[account];
    if (!upstream_balance(s, account, &e->balance)) {
        a->unread_since = a->unread_since == NONE ? s->now : a->unread_since;
        e->kind = ERRAND_NONE;
        return false;
    }
    a->unread_since = NONE;
    if (e->step == 1)
        e->first = e->balance;
    else if (e->first != e->balance)
        e->kind = ERRAND_NONE;
    return e->kind != ERRAND_NONE;
}

/* A price that has changed under a booked call makes the sums lie: the catalogue is
 * read again before doubts are judged. */
static bool prices_moved(const struct sim *s, int account)
{
    for (int i = 0; i < s->rules.orders && s->bug != BUG_OLD_PRICES; i++) {
        const struct order *o = &s->db.orders[i];
        bool counts = o->stored && o->paid && o->account == account &&
                      o->window_id == s->db.accounts[account].window_id &&
                      (o->state == ORDER_SUCCEEDED || o->state == ORDER_IN_DOUBT);
        if (counts && o->month != s->up.price[account][o->product])
            return true;
    }
    return false;
}

/* The doubts are those that the quiet time was looked up for: a host that froze in
 * between would settle younger ones with them.  So the version is the look's. */
static void settle_prepare(struct sim *s, int account, struct errand *e)
{
    if (!window_doubts(s, account, e)) {
        e->kind = ERRAND_NONE;
        return;
    }
    if (e->sum.tainted || unread_too_long(s, account)) {
        e->sum.tainted = e->unread = true;
        e->step = 2; /* no balance is needed to conclude nothing */
    }
}

static void errand_finish(struct sim *s, int host, int account)
{
    struct errand *e = &s->hosts[host].errands[account];
    if (e->kind == ERRAND_OPEN)
        window_open(s, account, e->version, e);
    else
        window_settle(s, account, e, window_look(s, account).ready && random_below(s, 2) == 0);
    e->kind = ERRAND_NONE;
}

/* Steps: 0 prepare, 1 and 2 read, 3 commit. */
void errand_step(struct sim *s, int host, int account)
{
    struct errand *e = &s->hosts[host].errands[account];
    if (e->kind == ERRAND_HOLDS) {
        credits_t balance;
        if (upstream_balance(s, account, &balance))
            holds_release(s, account, balance);
        e->kind = ERRAND_NONE;
        return;
    }
    if (e->kind == ERRAND_TRAY) {
        if (!probe_next(s, host, account))
            e->kind = ERRAND_NONE;
        return;
    }
    if (e->step == 3) {
        errand_finish(s, host, account);
        return;
    }
    if (e->step == 0 && e->kind == ERRAND_SETTLE) {
        if (probe_next(s, host, account))
            return;
        settle_prepare(s, account, e);
        if (e->kind == ERRAND_NONE)
            return;
    } else if (e->step == 0 && unread_too_long(s, account)) {
        e->unread = true;
        e->step = 2;
    } else if (e->step > 0 && !balance_read(s, host, account)) {
        return;
    }
    if (e->step == 2 && e->kind == ERRAND_SETTLE && prices_moved(s, account)) {
        e->prices_moved = true;
        e->sum.tainted = e->sum.tainted || e->sum.count > 0;
    }
    errand_next(s, host, account);
}
