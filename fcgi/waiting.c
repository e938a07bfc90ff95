/* SPDX-License-Identifier: Apache-2.0 */
/* waiting: one table of waiters by order, and the looks that empty it.
 *
 * A look asks the database about all orders in it at once; answers find their
 * waiters by the order's id, so that nothing points at a waiter while a look is
 * on its way.  Owns the table, never the waiters.  A crash loses what nobody was
 * promised: the orders are stored, and the panel asks again. */
#include "fcgi/waiting.h"

#include <assert.h>
#include <stdlib.h>

#include "base/arena.h"
#include "fcgi/front.h"
#include "order/words.h"
#include "store/rest.h"

#define WAITING_BUCKETS 1024 /* a power of two; order ids come one after another */

struct waiting {
    struct session *session;
    const struct clock *clock;
    waiting_answer_fn *answer;
    struct waiter *buckets[WAITING_BUCKETS];
    size_t count;
    int64_t looked_ms; /* when the last look began */
    bool looking;
    bool hinted;
    bool released;
};

struct waiting *waiting_new(struct session *session, const struct clock *clock, waiting_answer_fn *answer)
{
    struct waiting *waiting = heap_alloc(sizeof *waiting);

    waiting->session = session;
    waiting->clock = clock;
    waiting->answer = answer;
    return waiting;
}

void waiting_free(struct waiting **waiting)
{
    if (*waiting == NULL)
        return;
    assert((*waiting)->count == 0 && !(*waiting)->looking);
    free(*waiting);
    *waiting = NULL;
}

static struct waiter **bucket_of(struct waiting *waiting, int64_t order_id)
{
    return &waiting->buckets[(uint64_t)order_id & (WAITING_BUCKETS - 1)];
}

bool waiting_add(struct waiting *waiting, struct waiter *waiter, size_t most)
{
    if (waiting->released || waiting->count >= most)
        return false;
    struct waiter **bucket = bucket_of(waiting, waiter->order_id);
    /* The first one waits a whole period: its order has only just come in. */
    if (waiting->count++ == 0)
        waiting->looked_ms = clock_boot_ms(waiting->clock);
    waiter->next = *bucket;
    *bucket = waiter;
    return true;
}

void waiting_leave(struct waiting *waiting, const struct waiter *waiter)
{
    struct waiter **at = bucket_of(waiting, waiter->order_id);

    while (*at != waiter)
        at = &(*at)->next;
    *at = waiter->next;
    waiting->count--;
}

size_t waiting_count(const struct waiting *waiting)
{
    return waiting->count;
}

void waiting_hint(struct waiting *waiting)
{
    waiting->hinted = waiting->count > 0;
}

static void waiter_answer(struct waiting *waiting, struct waiter **at, const char *state, const char *reason)
{
    struct waiter *waiter = *at;

    *at = waiter->next;
    waiter->next = NULL;
    waiting->count--;
    waiting->answer(waiter, state, reason);
}

/* Answers those who wait for the order: all of them when it rests, otherwise
 * those whose time is up. */
static void order_tell(struct waiting *waiting, const struct order_rest *order)
{
    struct waiter **at = bucket_of(waiting, order->order_id);
    enum order_state state;
    bool rests = order->state != NULL && order_state_parse(order->state, &state) && order_state_rests(state);

    while (*at != NULL) {
        if ((*at)->order_id == order->order_id && (rests || (*at)->until_ms <= waiting->looked_ms))
            waiter_answer(waiting, at, order->state, order->reason);
        else
            at = &(*at)->next;
    }
}

static void looked(void *ctx, enum rows_status status, const struct order_rest *orders, size_t count)
{
    struct waiting *waiting = ctx;

    waiting->looking = false;
    for (size_t i = 0; status == ROWS_OK && i < count; i++)
        order_tell(waiting, &orders[i]);
}

static void look(struct waiting *waiting, int64_t now)
{
    int64_t *ids = heap_alloc(waiting->count * sizeof *ids);
    int64_t *due = heap_alloc(waiting->count * sizeof *due);
    size_t count = 0;
    size_t due_count = 0;

    for (size_t i = 0; i < WAITING_BUCKETS; i++) {
        for (const struct waiter *waiter = waiting->buckets[i]; waiter != NULL; waiter = waiter->next) {
            ids[count++] = waiter->order_id;
            if (waiter->until_ms <= now)
                due[due_count++] = waiter->order_id;
        }
    }
    assert(count == waiting->count);
    waiting->looking = true;
    waiting->hinted = false;
    waiting->looked_ms = now;
    orders_rest(waiting->session, ids, count, due, due_count, FRONT_READ_TIMEOUT_MS, looked, waiting);
    free(ids);
    free(due);
}

/* Answers those whose time was up before `now` with what is known of them. */
static void late_answer(struct waiting *waiting, int64_t now)
{
    for (size_t i = 0; i < WAITING_BUCKETS && waiting->count > 0; i++) {
        struct waiter **at = &waiting->buckets[i];
        while (*at != NULL) {
            if ((*at)->until_ms <= now)
                waiter_answer(waiting, at, (*at)->state, (*at)->reason);
            else
                at = &(*at)->next;
        }
    }
}

static int64_t look_due_ms(const struct waiting *waiting)
{
    int64_t gap = waiting->hinted ? WAITING_HINTED_MS : WAITING_PERIOD_MS;
    return waiting->looked_ms + gap + (int64_t)waiting->count / WAITING_PER_MS;
}

void waiting_step(struct waiting *waiting)
{
    int64_t now = clock_boot_ms(waiting->clock);

    if (waiting->count == 0 || now < look_due_ms(waiting))
        return;
    late_answer(waiting, now - WAITING_GRACE_MS);
    if (waiting->count > 0 && !waiting->looking && session_ready(waiting->session))
        look(waiting, now);
    else
        waiting->looked_ms = now;
}

int64_t waiting_wait_ms(const struct waiting *waiting)
{
    if (waiting->count == 0)
        return -1;
    int64_t wait = look_due_ms(waiting) - clock_boot_ms(waiting->clock);
    return wait > 0 ? wait : 0;
}

void waiting_release(struct waiting *waiting)
{
    waiting->released = true;
    late_answer(waiting, INT64_MAX);
    assert(waiting->count == 0);
}
