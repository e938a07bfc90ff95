/* SPDX-License-Identifier: Apache-2.0 */
/* A worker host: claims, makes attempts and stores their outcomes, as
 * provisioning/dispatch does.  All it knows is in its memory and lost in a crash;
 * between any two of its steps it may die, or freeze and go on as if nothing had
 * happened. */
#include "sim.h"

static int flight_start(struct sim *s, int host, int order, bool paid)
{
    for (int i = 0; i < FLIGHTS_MAX; i++) {
        struct flight *f = &s->flights[i];
        if (f->used)
            continue;
        const struct order *o = &s->db.orders[order];
        *f = (struct flight){.used = true,
                             .host = host,
                             .order = order,
                             .attempt = o->attempts,
                             .epoch = s->db.lines[o->license].lease_epoch,
                             .month = s->up.price[o->account][o->product]};
        f->input = (struct decide_input){.type = o->type,
                                         .paid = paid,
                                         .changes = true,
                                         .doubted = o->doubted,
                                         .retry_after_ms = -1,
                                         .backoff = {50, 1000},
                                         .random = random_next(s),
                                         .evidence = EVIDENCE_NONE};
        return i;
    }
    return NONE; /* the lease runs out */
}

static void flight_decide(struct sim *s, int flight)
{
    struct flight *f = &s->flights[flight];
    f->input.attempts = f->attempt;
    f->decision = decide(&f->input);
    if (s->bug == BUG_NAIVE_RETRY && f->decision.to == ORDER_IN_DOUBT)
        f->decision = (struct decision){.to = ORDER_QUEUED, .reason_code = "naive", .wait_ms = 100};
    if (s->bug == BUG_UNSURE_IS_DONE && f->input.verdict == VERDICT_UNSURE)
        f->decision = (struct decision){.to = ORDER_SUCCEEDED, .reason_code = "done"};
    if (s->bug == BUG_REFUSAL_FAILS && f->input.verdict == VERDICT_REFUSED)
        f->decision = (struct decision){.to = ORDER_FAILED, .reason_code = "refused"};
    event_add(s, random_between(s, 1, 60), f->decision.ask_balance ? EVENT_BALANCE : EVENT_OUTCOME, f->host, flight);
}

static void flight_answered(struct sim *s, int flight)
{
    struct flight *f = &s->flights[flight];
    int64_t left = CALL_TIMEOUT_MS - (s->now - f->sent_at);
    enum verdict verdict = upstream_verdict(f, s->now);
    trace(s, "host %d: attempt %d of order %d is %s", f->host, f->attempt, f->order, verdict_word(verdict));
    f->input.deadline_quiet_ms = (left > 0 ? left : 0) + QUIET_MS;
    flight_decide(s, flight);
}

/* The intent, then the way to the upstream. */
static void flight_begin(struct sim *s, int flight)
{
    struct flight *f = &s->flights[flight];
    if (fault_strikes(s)) { /* the price could not be read */
        work_return(s, f->order, f->epoch, ORDER_QUEUED, "price_unknown", random_between(s, 50, 500), 0);
        f->used = false;
        return;
    }
    switch (work_begin(s, f->host, f->order, f->epoch, f->month)) {
    case BEGIN_GO:
        f->attempt = s->db.orders[f->order].attempts;
        f->input.price = s->db.orders[f->order].price;
        if (fault_strikes(s))
            f->used = false; /* the commit's answer was lost: the lease runs out */
        else
            event_add(s, random_between(s, 1, 150), EVENT_CONNECTED, f->host, flight);
        return;
    case BEGIN_SHORT:
        s->reached[REACHED_SHORT]++;
        work_return(s, f->order, f->epoch, ORDER_HELD, "short_of_credits", 0, f->month);
        break;
    case BEGIN_WAIT:
    case BEGIN_LOST:
        work_return(s, f->order, f->epoch, ORDER_QUEUED, "not_called", random_between(s, 20, 200), 0);
        break;
    }
    f->used = false;
}

/* The fence and the first byte are one step: a pause between them that outlasts the
 * quiet time is outside the protocol's conditions. */
static void flight_connected(struct sim *s, int flight)
{
    struct flight *f = &s->flights[flight];
    f->sent_at = s->now;
    if (fault_strikes(s)) { /* no connection */
        flight_answered(s, flight);
    } else if (work_fence(s, f->order, f->attempt, f->epoch)) {
        promises_check_sent(s, f->order);
        upstream_send(s, flight);
    } else {
        s->reached[REACHED_FENCED]++;
        trace(s, "host %d: attempt %d of order %d is fenced off", f->host, f->attempt, f->order);
        flight_answered(s, flight);
    }
}

static void flight_balance(struct sim *s, int flight)
{
    struct flight *f = &s->flights[flight];
    bool known = upstream_balance(s, s->db.orders[f->order].account, &f->input.balance);
    f->input.balance_read = known ? BALANCE_KNOWN : BALANCE_UNREADABLE;
    flight_decide(s, flight);
}

static void flight_outcome(struct sim *s, int flight)
{
    struct flight *f = &s->flights[flight];
    if (fault_strikes(s)) { /* no database just now */
        event_add(s, random_between(s, 50, 400), EVENT_OUTCOME, f->host, flight);
        return;
    }
    if (fault_strikes(s)) { /* stored, but the commit's answer was lost: stored again */
        work_outcome(s, f);
        event_add(s, random_between(s, 50, 400), EVENT_OUTCOME, f->host, flight);
        return;
    }
    if (!work_outcome(s, f))
        trace(s, "host %d: the outcome of order %d comes too late", f->host, f->order);
    f->used = false;
}

void worker_event(struct sim *s, const struct event *event)
{
    switch ((int)event->kind) {
    case EVENT_PRICED:
        flight_begin(s, event->a);
        break;
    case EVENT_CONNECTED:
        flight_connected(s, event->a);
        break;
    case EVENT_ANSWER:
        flight_answered(s, event->a);
        break;
    case EVENT_BALANCE:
        flight_balance(s, event->a);
        break;
    case EVENT_OUTCOME:
        flight_outcome(s, event->a);
        break;
    case EVENT_PROBED:
        errand_probed(s, event->host, event->a);
        break;
    default:
        errand_step(s, event->host, event->a);
    }
}

static void worker_claim(struct sim *s, int host, int account)
{
    for (int i = 0; i < 2; i++) {
        int order = work_claim(s, host, false, account);
        int flight = order == NONE ? NONE : flight_start(s, host, order, false);
        if (flight != NONE)
            upstream_send(s, flight);
    }
    for (int i = 0; i < s->db.accounts[account].width; i++) {
        int order = work_claim(s, host, true, account);
        int flight = order == NONE ? NONE : flight_start(s, host, order, true);
        if (flight != NONE)
            event_add(s, random_between(s, 1, 100), EVENT_PRICED, host, flight);
    }
}

void worker_tick(struct sim *s, int host)
{
    work_takeover(s);
    for (int account = 0; account < s->rules.accounts; account++) {
        errand_start(s, host, account);
        worker_claim(s, host, account);
    }
    event_add(s, random_between(s, 100, 500), EVENT_TICK, host, 0);
}

void worker_crash(struct sim *s, int host)
{
    struct host *h = &s->hosts[host];
    trace(s, "host %d crashes", host);
    *h = (struct host){.life = h->life + 1};
    for (int i = 0; i < FLIGHTS_MAX; i++)
        if (s->flights[i].host == host)
            s->flights[i].used = false;
    event_add(s, random_between(s, 100, 3000), EVENT_TICK, host, 0);
}
