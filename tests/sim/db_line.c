/* SPDX-License-Identifier: Apache-2.0 */
/* The transactions of 0002_line.sql and 0003_intake.sql, as far as money and order
 * depend on them.  Each function is atomic, as its twin is. */
#include "order/state.h"
#include "sim.h"

static bool order_waits(enum order_state state)
{
    return state == ORDER_QUEUED || state == ORDER_BLOCKED || state == ORDER_HELD;
}

static bool order_begun(const struct order *o)
{
    return (!order_waits(o->state) && !order_state_finished(o->state)) || o->attempts > 0;
}

void order_move(struct sim *s, int order, enum order_state to, const char *reason)
{
    struct order *o = &s->db.orders[order];
    if (o->state != to)
        trace(s, "order %d: %s -> %s (%s)", order, order_state_word(o->state), order_state_word(to), reason);
    if (o->state != to && !order_state_may(o->state, to))
        promise_broken(s, order, "a move that does not exist");
    o->state = to;
    o->reason = reason;
}

/* The next order of the license: what has begun stays ahead, then arrival. */
static int line_next(const struct sim *s, int license)
{
    int next = NONE;
    for (int i = 0; i < s->rules.orders; i++) {
        const struct order *o = &s->db.orders[i];
        if (!o->stored || o->license != license || order_state_finished(o->state))
            continue;
        const struct order *best = next == NONE ? NULL : &s->db.orders[next];
        bool ahead =
            best == NULL || (order_begun(o) != order_begun(best) ? order_begun(o) : o->position < best->position);
        if (s->bug == BUG_NO_LICENSE_ORDER)
            ahead = best == NULL || o->position > best->position;
        if (ahead)
            next = i;
    }
    return next;
}

void line_advance(struct sim *s, int license)
{
    struct line *l = &s->db.lines[license];
    int next = line_next(s, license);
    if (next == NONE) {
        *l = (struct line){.head = NONE,
                           .lease_owner = NONE,
                           .lease_epoch = l->lease_epoch,
                           .run_at = INT64_MAX,
                           .settle_until = l->settle_until,
                           .probe_until = l->probe_until};
        return;
    }
    struct order *o = &s->db.orders[next];
    if (!order_waits(o->state) || (next == l->head && o->state != ORDER_BLOCKED))
        return;
    if (l->head != NONE && l->head != next && s->db.orders[l->head].state == ORDER_QUEUED)
        order_move(s, l->head, ORDER_BLOCKED, "line");
    if (o->state == ORDER_BLOCKED) {
        order_move(s, next, ORDER_QUEUED, "head of its line");
        int64_t until = l->settle_until > l->probe_until ? l->settle_until : l->probe_until;
        o->next_try = s->now > until || s->bug == BUG_NO_SETTLE_WAIT ? s->now : until;
    }
    l->head = next;
    l->lease_owner = NONE;
    l->run_at = o->state == ORDER_QUEUED ? o->next_try : INT64_MAX;
}

/* Nothing behind a create that did not happen can be carried out. */
static void line_fail_successors(struct sim *s, const struct order *create)
{
    for (int i = 0; i < s->rules.orders; i++) {
        const struct order *o = &s->db.orders[i];
        if (o->stored && o->license == create->license && o->position > create->position && o->attempts == 0 &&
            order_waits(o->state))
            order_move(s, i, ORDER_FAILED, "create_failed");
    }
}

void order_end(struct sim *s, int order, enum order_state to, const char *reason)
{
    struct order *o = &s->db.orders[order];
    order_move(s, order, to, reason);
    o->unsettled = false;
    if (o->type == ORDER_CREATE && to == ORDER_FAILED)
        line_fail_successors(s, o);
    if (s->bug != BUG_LINE_STANDS)
        line_advance(s, o->license);
}

bool intake_accept(struct sim *s, int order)
{
    struct order *o = &s->db.orders[order];
    if (o->stored) {
        if (s->bug == BUG_DUPLICATE_QUEUES && o->state == ORDER_SUCCEEDED) {
            o->state = ORDER_BLOCKED;
            line_advance(s, o->license);
        }
        return false;
    }
    o->stored = true;
    o->position = ++s->db.last_position;
    o->state = ORDER_BLOCKED;
    o->reason = "line";
    /* A license whose create is known to have failed takes nothing any more. */
    for (int i = 0; i < s->rules.orders; i++) {
        const struct order *c = &s->db.orders[i];
        if (i != order && c->stored && c->license == o->license && c->type == ORDER_CREATE && c->state == ORDER_FAILED)
            order_move(s, order, ORDER_FAILED, "create_failed");
    }
    if (o->state != ORDER_FAILED)
        line_advance(s, o->license);
    return true;
}
