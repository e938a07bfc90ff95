/* SPDX-License-Identifier: Apache-2.0 */
/* Everything around the bridge: panels that send and repeat webhooks, an operator,
 * top-ups, new prices, somebody else's spending, and hosts that die or freeze. */
#include "sim.h"

#include "order/plan.h"

/* Ten thousand credits at once: more than any sum of doubts, so a top-up never
 * hides a purchase (docs/testing.md says what happens when one can). */
#define TOPUP (10000 * CREDITS_ONE)

static void draw_orders(struct sim *s)
{
    int last[LICENSES_MAX], count[LICENSES_MAX] = {0};
    for (int i = 0; i < s->rules.orders; i++) {
        struct order *o = &s->db.orders[i];
        int license = random_below(s, s->rules.licenses);
        static const enum order_type later[] = {ORDER_RENEW, ORDER_RENEW, ORDER_SUSPEND, ORDER_UNSUSPEND};
        o->license = license;
        o->account = license % s->rules.accounts;
        o->type = count[license] == 0 ? ORDER_CREATE : later[random_below(s, 4)];
        o->paid = order_type_paid(o->type, PROVIDER_724LICENSE);
        o->product = random_below(s, s->rules.moves ? 3 : PRICES_MAX);
        o->months = random_below(s, 3) == 0 ? 3 : 1;
        s->script[i] = NONE;
        if (count[license]++ > 0)
            s->script[last[license]] = i;
        else
            event_add(s, random_between(s, 0, 1500), EVENT_WEBHOOK, NONE, i);
        last[license] = i;
    }
}

/* Equal prices, prices that add up in several ways, and any others. */
static void draw_accounts(struct sim *s)
{
    static const int sets[4][PRICES_MAX] = {
        {4, 4, 4, 4, 4, 4, 4, 4}, {1, 2, 3, 5, 8, 2, 3, 1}, {2, 2, 4, 4, 6, 6, 8, 12}, {0, 1, 1, 2, 4, 7, 9, 30}};
    for (int account = 0; account < s->rules.accounts; account++) {
        struct account *a = &s->db.accounts[account];
        const int *set = sets[random_below(s, 4)];
        for (int i = 0; i < PRICES_MAX; i++)
            s->up.price[account][i] = set[i] * CREDITS_ONE / (1 + random_below(s, 2) * random_below(s, 2));
        a->unread_since = NONE;
        a->width = 1 + random_below(s, s->rules.width);
        s->up.balance[account] = (random_below(s, 8) == 0 ? 10 : 5000) * CREDITS_ONE;
        for (int type = 0; type < ORDER_TYPE_COUNT; type++)
            for (int i = 0; i < PRICES_MAX * 2; i++)
                if (random_below(s, 4) != 0) {
                    credits_t month = s->up.price[account][i / 2];
                    int months = i % 2 != 0 && s->rules.times ? 3 : 1;
                    a->learned[type][i / 2][i % 2] = (struct learned){true, month, month * months};
                }
    }
}

static void draw_rules(struct sim *s)
{
    static const int rates[] = {0, 20, 80, 200, 350};
    struct rules *r = &s->rules;
    r->accounts = 1 + (random_below(s, 4) == 0);
    r->licenses = r->accounts + random_below(s, LICENSES_MAX - r->accounts + 1);
    r->orders = 2 + random_below(s, ORDERS_MAX - 1);
    r->hosts = 1 + random_below(s, HOSTS_MAX);
    r->width = 1 << random_below(s, 4);
    r->count = 1 + random_below(s, 6);
    r->evidence = random_below(s, 2) == 0;
    r->probe = random_below(s, 2) == 0 || s->bug == BUG_PROBE_FORGOTTEN;
    r->times = random_below(s, 2) == 0;
    r->refuses_repeats = random_below(s, 6) == 0;
    r->hints = random_below(s, 2) == 0;
    r->finds_old = random_below(s, 3) != 0;
    r->operator_there = random_below(s, 4) != 0;
    r->outside = random_below(s, 8) == 0;
    r->moves = random_below(s, 8) == 0 || s->bug == BUG_OLD_PRICES; /* rare worlds, rarer mistakes */
    r->fault_per_mille = rates[s->bug == BUG_PROBE_FORGOTTEN ? 4 : random_below(s, 5)];
    s->faults_left = 1 + random_below(s, 12);
    r->dark_from = random_below(s, 8) == 0 ? random_between(s, 0, 6000) : INT64_MAX;
    r->dark_until = r->dark_from == INT64_MAX ? 0 : r->dark_from + random_between(s, 1000, 15000);
}

static void draw_events(struct sim *s)
{
    struct rules *r = &s->rules;
    for (int i = 0; i < r->hosts; i++)
        event_add(s, random_between(s, 0, 300), EVENT_TICK, i, 0);
    for (int i = random_below(s, 4); i > 0; i--)
        event_add(s, random_between(s, 0, 9000), random_below(s, 2) == 0 ? EVENT_CRASH : EVENT_FREEZE, NONE,
                  random_below(s, r->hosts));
    if (random_below(s, 4) == 0)
        event_add(s, random_between(s, 0, 12000), EVENT_TOPUP, NONE, random_below(s, r->accounts));
    for (int i = random_below(s, 3) + 1; i > 0 && r->outside; i--)
        event_add(s, random_between(s, 0, 9000), EVENT_OUTSIDE, NONE, random_below(s, r->accounts));
    for (int i = random_below(s, 6) + 1; i > 0 && r->moves; i--)
        event_add(s, random_between(s, 0, 9000), EVENT_PRICE, NONE, random_below(s, r->accounts));
    if (r->operator_there)
        event_add(s, random_between(s, 500, 3000), EVENT_OPERATOR, NONE, 0);
}

void world_draw(struct sim *s)
{
    draw_rules(s);
    for (int i = 0; i < LICENSES_MAX; i++) {
        s->db.lines[i] = (struct line){.head = NONE, .lease_owner = NONE, .run_at = INT64_MAX};
        s->up.old[i] = random_below(s, 5) == 0;
    }
    draw_accounts(s);
    draw_orders(s);
    draw_events(s);
}

/* A panel sends until it is answered; the next order of the license comes after that. */
static void panel_sends(struct sim *s, int order)
{
    bool failed = fault_strikes(s);
    if (failed && s->bug == BUG_ACK_FIRST) {
        s->acked[order] = true;
    } else if (failed && random_below(s, 2) == 0) {
        event_add(s, random_between(s, 200, 1000), EVENT_WEBHOOK, NONE, order);
        return;
    } else {
        intake_accept(s, order);
        if (failed) { /* the answer was lost */
            event_add(s, random_between(s, 200, 1000), EVENT_WEBHOOK, NONE, order);
            return;
        }
        s->acked[order] = true;
    }
    trace(s, "panel: order %d (%s, license %d) is acknowledged", order, order_type_word(s->db.orders[order].type),
          s->db.orders[order].license);
    if (s->script[order] != NONE)
        event_add(s, random_between(s, 1, 1500), EVENT_WEBHOOK, NONE, s->script[order]);
    if (random_below(s, 4) == 0)
        event_add(s, random_between(s, 1, 9000), EVENT_DUPLICATE, NONE, order);
}

/* Looks at the reseller's own pages, and is right: does not answer while a call may
 * still act. */
static void operator_acts(struct sim *s)
{
    for (int i = 0; i < s->rules.orders; i++) {
        const struct order *o = &s->db.orders[i];
        bool early = s->bug == BUG_OPERATOR_EARLY && o->state == ORDER_IN_DOUBT;
        bool sees = o->state == ORDER_NEEDS_REVIEW && s->up.truth.pending[i] == 0;
        if (!o->stored || !(sees || early) || random_below(s, 2) == 0)
            continue;
        const char *answer = s->up.truth.effects[i] > 0 ? "happened"
                             : random_below(s, 3) == 0  ? "did_not_happen"
                                                        : "buy_again";
        trace(s, "operator: order %d %s", i, answer);
        operator_resolve(s, i, answer);
    }
    for (int account = 0; account < s->rules.accounts; account++)
        if (s->db.accounts[account].alarm && random_below(s, 2) == 0)
            operator_acknowledge(s, account);
    event_add(s, random_between(s, 500, 3000), EVENT_OPERATOR, NONE, 0);
}

static void host_freezes(struct sim *s, int host)
{
    s->hosts[host].frozen_until = s->now + random_between(s, 300, 8000);
    trace(s, "host %d freezes until %lld", host, (long long)s->hosts[host].frozen_until);
}

static void price_moves(struct sim *s, int account)
{
    int product = random_below(s, 3);
    credits_t *price = &s->up.price[account][product];
    if (s->up.moved[account][product])
        return; /* one that came back in time could not be seen */
    s->up.moved[account][product] = true;
    *price += (random_below(s, 7) - 3) * CREDITS_ONE;
    *price = *price < 0 ? 0 : *price;
    trace(s, "upstream: product %d of account %d has a new price", product, account);
}

void world_event(struct sim *s, const struct event *event)
{
    switch ((int)event->kind) {
    case EVENT_WEBHOOK:
        panel_sends(s, event->a);
        break;
    case EVENT_DUPLICATE:
        intake_accept(s, event->a);
        break;
    case EVENT_TICK:
        worker_tick(s, event->host);
        break;
    case EVENT_EFFECT:
        upstream_effect(s, event->a);
        break;
    case EVENT_PROBE_ACTS:
        upstream_probe_acts(s, event->a);
        break;
    case EVENT_OPERATOR:
        operator_acts(s);
        break;
    case EVENT_TOPUP:
        trace(s, "account %d is topped up", event->a);
        s->up.balance[event->a] += TOPUP;
        s->rules.topped = true;
        break;
    case EVENT_OUTSIDE:
        trace(s, "somebody else moves the balance of account %d", event->a);
        s->up.balance[event->a] -= (random_below(s, 11) - 5) * CREDITS_ONE;
        break;
    case EVENT_PRICE:
        price_moves(s, event->a);
        break;
    case EVENT_CRASH:
        worker_crash(s, event->a);
        break;
    case EVENT_FREEZE:
        host_freezes(s, event->a);
        break;
    default:
        worker_event(s, event);
    }
}

/* Nothing will happen any more without somebody from outside. */
bool world_rests(const struct sim *s)
{
    static const enum event_kind own[] = {EVENT_WEBHOOK, EVENT_DUPLICATE, EVENT_EFFECT, EVENT_TOPUP,     EVENT_OUTSIDE,
                                          EVENT_PRICE,   EVENT_CRASH,     EVENT_FREEZE, EVENT_PROBE_ACTS};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (s->waiting[own[i]] > 0)
            return false;
    for (int i = 0; i < s->rules.orders; i++) {
        const struct order *o = &s->db.orders[i];
        bool moves = o->state == ORDER_QUEUED || o->state == ORDER_CALLING || o->state == ORDER_IN_DOUBT ||
                     (o->state == ORDER_NEEDS_REVIEW && s->rules.operator_there);
        if (o->stored && moves)
            return false;
    }
    for (int account = 0; account < s->rules.accounts; account++) {
        const struct account *a = &s->db.accounts[account];
        if (a->window_state != WINDOW_SHUT || (a->alarm && s->rules.operator_there))
            return false;
    }
    return true;
}
