/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold after every event, whoever dies when.  The judge is the
 * upstream's truth, never our tables. */
#include "sim.h"

void promise_broken(struct sim *s, int order, const char *promise)
{
    if (s->failure != NULL)
        return;
    trace(s, "BROKEN, order %d: %s", order, promise);
    s->failure = promise;
    s->failure_order = order;
}

/* Somebody else moves the balance: then it may mislead.  Under `operator` it still
 * never leads to a second purchase. */
static bool balance_misleads(const struct sim *s)
{
    return s->rules.outside;
}

static void order_check(struct sim *s, int order)
{
    const struct order *o = &s->db.orders[order];
    int effects = s->up.truth.effects[order];
    bool twice_excused = balance_misleads(s) && s->rules.evidence;
    if (s->acked[order] && !o->stored)
        promise_broken(s, order, "an acknowledged order is lost");
    if (o->paid && s->up.truth.charged[order] > 1 && !twice_excused)
        promise_broken(s, order, "charged twice");
    if (!o->stored)
        return;
    if (o->state == ORDER_SUCCEEDED && effects == 0 && !(o->paid && balance_misleads(s)))
        promise_broken(s, order, "succeeded, but the upstream did not do it");
    if (o->state == ORDER_FAILED && effects > 0 && !(o->paid && twice_excused))
        promise_broken(s, order, "failed, but it was carried out");
    if (o->reason == NULL)
        promise_broken(s, order, "waits without a reason");
}

static uint64_t digest_add(uint64_t digest, uint64_t value)
{
    return (digest ^ value) * UINT64_C(0x100000001b3);
}

/* All that a balance reading depends on: it may not change under one version. */
static uint64_t account_digest(const struct sim *s, int account)
{
    const struct account *a = &s->db.accounts[account];
    uint64_t digest = digest_add(UINT64_C(0xcbf29ce484222325), (uint64_t)a->window_state);
    digest = digest_add(digest, (uint64_t)a->window_id);
    digest = digest_add(digest, (uint64_t)a->confirmed);
    digest = digest_add(digest, a->alarm);
    for (int i = 0; i < s->rules.orders; i++) {
        const struct order *o = &s->db.orders[i];
        if (!o->stored || !o->paid || o->account != account)
            continue;
        uint64_t spends = o->state == ORDER_CALLING ? 1 : o->state == ORDER_IN_DOUBT ? 2 : o->unsettled ? 3 : 0;
        if (spends > 0)
            digest = digest_add(digest, spends * ORDERS_MAX + (uint64_t)i);
    }
    return digest;
}

static void account_check(struct sim *s, int account)
{
    const struct account *a = &s->db.accounts[account];
    uint64_t digest = account_digest(s, account);
    if (digest != s->digest[account] && a->version == s->digest_version[account] && s->events > 0)
        promise_broken(s, NONE, "the account changed under one version");
    s->digest[account] = digest;
    s->digest_version[account] = a->version;
    if (a->alarm && !s->rules.outside && !s->rules.moves && !s->rules.topped)
        promise_broken(s, NONE, "a false alarm");
}

void promises_check(struct sim *s)
{
    for (int i = 0; i < s->rules.orders; i++)
        order_check(s, i);
    for (int account = 0; account < s->rules.accounts; account++)
        account_check(s, account);
}

void promises_check_effect(struct sim *s, int order)
{
    const struct order *o = &s->db.orders[order];
    /* A purchase that a misleading balance has shown too early lets its successor go. */
    if (o->position < s->up.highest[o->license] && !balance_misleads(s))
        promise_broken(s, order, "carried out after a later order of its license");
    if (o->position > s->up.highest[o->license])
        s->up.highest[o->license] = o->position;
}

void promises_check_sent(struct sim *s, int order)
{
    const struct order *o = &s->db.orders[order];
    const struct account *a = &s->db.accounts[o->account];
    if (a->window_state == WINDOW_SHUT || o->window_id != a->window_id)
        promise_broken(s, order, "sent outside its window");
}

/* Under `evidence` a settled balance is the last word: nothing that was counted may
 * act later. */
void promises_check_settled(struct sim *s, int account, const struct errand *errand)
{
    for (int i = 0; i < s->rules.orders; i++) {
        const struct order *o = &s->db.orders[i];
        if (s->rules.evidence && o->paid && o->account == account && s->up.truth.pending[i] > 0 && !errand->sum.tainted)
            promise_broken(s, i, "the balance was judged while a call could still act");
    }
}

static bool order_stands_before(const struct sim *s, int order)
{
    const struct order *o = &s->db.orders[order];
    for (int i = 0; i < s->rules.orders; i++) {
        const struct order *p = &s->db.orders[i];
        if (p->stored && p->license == o->license && p->position < o->position && !order_state_finished(p->state))
            return true;
    }
    return false;
}

void promises_check_rest(struct sim *s)
{
    for (int i = 0; i < s->rules.orders; i++) {
        const struct order *o = &s->db.orders[i];
        if (!s->acked[i] || !o->stored)
            promise_broken(s, i, "never acknowledged");
        else if (o->state == ORDER_BLOCKED && !order_stands_before(s, i))
            promise_broken(s, i, "blocked by nobody");
        else if (o->state == ORDER_HELD && s->db.lines[o->license].head != i)
            promise_broken(s, i, "held away from the head of its line");
    }
}
