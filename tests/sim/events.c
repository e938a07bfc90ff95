/* SPDX-License-Identifier: Apache-2.0 */
/* What is to come, earliest first: a binary heap.  Events of the same moment keep
 * the order in which they were added, or a seed would not say everything.  What
 * happens to a frozen host waits until it thaws; what was meant for a life that
 * a crash has ended is dropped. */
#include <assert.h>

#include "sim.h"

static bool event_before(const struct event *x, const struct event *y)
{
    return x->at != y->at ? x->at < y->at : x->number < y->number;
}

static void heap_put(struct sim *s, struct event event)
{
    assert(s->heap_count < EVENTS_MAX);
    int at = s->heap_count++;
    for (; at > 0 && event_before(&event, &s->heap[(at - 1) / 2]); at = (at - 1) / 2)
        s->heap[at] = s->heap[(at - 1) / 2];
    s->heap[at] = event;
}

static struct event heap_pop(struct sim *s)
{
    struct event top = s->heap[0];
    struct event last = s->heap[--s->heap_count];
    int at = 0;
    for (int child = 1; child < s->heap_count; child = 2 * at + 1) {
        if (child + 1 < s->heap_count && event_before(&s->heap[child + 1], &s->heap[child]))
            child++;
        if (!event_before(&s->heap[child], &last))
            break;
        s->heap[at] = s->heap[child];
        at = child;
    }
    s->heap[at] = last;
    return top;
}

void event_add(struct sim *s, int64_t after_ms, enum event_kind kind, int host, int a)
{
    s->waiting[kind]++;
    heap_put(s, (struct event){.at = s->now + after_ms,
                               .number = s->number++,
                               .kind = kind,
                               .host = host,
                               .life = host == NONE ? 0 : s->hosts[host].life,
                               .a = a});
}

bool event_take(struct sim *s, struct event *event)
{
    while (s->heap_count > 0) {
        *event = heap_pop(s);
        const struct host *host = event->host == NONE ? NULL : &s->hosts[event->host];
        if (host != NULL && event->life == host->life && host->frozen_until > event->at) {
            event->at = host->frozen_until;
            event->number = s->number++;
            heap_put(s, *event);
            continue;
        }
        s->waiting[event->kind]--;
        if (host != NULL && event->life != host->life)
            continue;
        s->now = event->at;
        return true;
    }
    return false;
}
