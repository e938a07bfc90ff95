/* SPDX-License-Identifier: Apache-2.0 */
/* backoff: exponential with full jitter (a uniform draw from [floor, ceiling]).
 *
 * Randomness is an argument so that tests and simulations repeat. */
#ifndef ORDER_BACKOFF_H
#define ORDER_BACKOFF_H

#include <stdint.h>

struct backoff {
    int64_t base_ms;
    int64_t cap_ms;
};

/* The wait before the try after `tries` failed ones (tries >= 1):
 * uniform in [base/2, min(cap, base * 2^(tries-1))], never below least_ms (a
 * Retry-After; 0 when there was none).  random: 64 uniform bits. */
int64_t backoff_wait_ms(const struct backoff *backoff, int tries, int64_t least_ms, uint64_t random);

#endif
