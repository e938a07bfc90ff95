/* SPDX-License-Identifier: Apache-2.0 */
/* histogram: latencies in microseconds, to about three percent, in fixed memory. */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_STEPS   32 /* buckets per power of two */
#define HISTOGRAM_BUCKETS (32 * HISTOGRAM_STEPS)

struct histogram {
    uint64_t buckets[HISTOGRAM_BUCKETS]; /* the last one takes everything above 19 hours */
    uint64_t count;
    int64_t max_us;
};

void histogram_add(struct histogram *histogram, int64_t us);
/* The latency that `share` (0..1) of the values do not exceed; 0 when there are none. */
int64_t histogram_share(const struct histogram *histogram, double share);

#endif
