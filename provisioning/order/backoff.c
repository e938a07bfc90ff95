/* SPDX-License-Identifier: Apache-2.0 */
/* backoff: why jitter: orders that failed together must not come back together,
 * or a recovering upstream is knocked over by its own customers.
 *
 * Owns one formula; randomness comes from the caller.  Never waits itself; a
 * crash leaves nothing behind. */
#include "order/backoff.h"

/* base * 2^(tries-1), but not above the cap; doubles step by step, so that no
 * number of tries overflows. */
static int64_t ceiling_ms(const struct backoff *backoff, int tries)
{
    int64_t ceiling = backoff->base_ms;
    for (int i = 1; i < tries && ceiling < backoff->cap_ms; i++)
        ceiling = ceiling > backoff->cap_ms / 2 ? backoff->cap_ms : ceiling * 2;
    return ceiling < backoff->cap_ms ? ceiling : backoff->cap_ms;
}

int64_t backoff_wait_ms(const struct backoff *backoff, int tries, int64_t least_ms, uint64_t random)
{
    int64_t most = ceiling_ms(backoff, tries);
    int64_t floor = backoff->base_ms / 2;
    if (floor > most)
        floor = most;
    /* The high half of a product spreads the 64 bits over the range without the
     * bias of a remainder. */
    uint64_t span = (uint64_t)(most - floor) + 1;
    int64_t wait = floor + (int64_t)(uint64_t)(((unsigned __int128)random * span) >> 64);
    return wait > least_ms ? wait : least_ms;
}
