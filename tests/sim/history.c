/* SPDX-License-Identifier: Apache-2.0 */
/* One history, from its seed to rest. */
#include <string.h>

#include "sim.h"

/* A history has a few hundred events; one that does not come to rest is a failure. */
#define HISTORY_EVENTS_MAX 20000

bool history_run(struct sim *s, uint64_t seed, enum bug bug, bool trace)
{
    struct event event;
    memset(s, 0, sizeof *s);
    s->seed = s->random = seed;
    s->bug = bug;
    s->trace = trace;
    world_draw(s);
    while (s->failure == NULL && event_take(s, &event)) {
        world_event(s, &event);
        promises_check(s);
        if (++s->events > HISTORY_EVENTS_MAX)
            promise_broken(s, NONE, "does not come to rest");
        if (event.kind == EVENT_TICK && world_rests(s))
            break;
    }
    promises_check_rest(s);
    return s->failure == NULL;
}
