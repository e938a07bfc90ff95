/* SPDX-License-Identifier: Apache-2.0 */
/* One breaker per account and worker; it lives in memory, because a restarted
 * worker may well try again. */
#include "dispatch/breaker.h"

#define FIRST_PAUSE_MS 1000

int breaker_allows(const struct breaker *breaker, int64_t now_ms, int want)
{
    if (now_ms < breaker->until_ms)
        return 0;
    if (breaker->failures >= BREAKER_FAILURES)
        return breaker->probing || want < 1 ? 0 : 1;
    return want;
}

void breaker_started(struct breaker *breaker)
{
    if (breaker->failures >= BREAKER_FAILURES)
        breaker->probing = true;
}

bool breaker_ended(struct breaker *breaker, enum breaker_event event, int64_t now_ms, int64_t rest_ms, int64_t cap_ms)
{
    breaker->probing = false;
    if (event == BREAKER_NOTHING)
        return false;
    if (event == BREAKER_THROTTLED) {
        if (now_ms + rest_ms > breaker->until_ms)
            breaker->until_ms = now_ms + rest_ms;
        return false;
    }
    if (event == BREAKER_ANSWERED) {
        breaker->failures = 0;
        breaker->pause_ms = 0;
        return false;
    }
    if (++breaker->failures < BREAKER_FAILURES || now_ms < breaker->until_ms)
        return false; /* a late failure of the burst that opened it does not lengthen the rest */
    breaker->pause_ms = breaker->pause_ms == 0 ? FIRST_PAUSE_MS : breaker->pause_ms * 2;
    if (breaker->pause_ms > cap_ms)
        breaker->pause_ms = cap_ms;
    breaker->until_ms = now_ms + breaker->pause_ms;
    return true;
}
