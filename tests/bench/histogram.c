/* SPDX-License-Identifier: Apache-2.0 */
/* histogram: why not keep every value: a long run would grow, and sorting a
 * million of them would disturb what is measured next.  Owns the buckets' law:
 * exact below HISTOGRAM_STEPS, then HISTOGRAM_STEPS linear steps per power of
 * two.  Never rounds a latency down by more than its step. */
#include "histogram.h"

#include <stddef.h>

static size_t bucket_of(uint64_t us)
{
    unsigned shift = 0;
    while (us >> shift >= 2 * HISTOGRAM_STEPS)
        shift++;
    size_t bucket = us < HISTOGRAM_STEPS ? us : (size_t)shift * HISTOGRAM_STEPS + (us >> shift);
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

/* The highest value that falls into the bucket. */
static int64_t bucket_top(size_t bucket)
{
    if (bucket < 2 * (size_t)HISTOGRAM_STEPS)
        return (int64_t)bucket;
    size_t shift = bucket / HISTOGRAM_STEPS - 1;
    uint64_t step = bucket % HISTOGRAM_STEPS + HISTOGRAM_STEPS;
    return (int64_t)(((step + 1) << shift) - 1);
}

void histogram_add(struct histogram *histogram, int64_t us)
{
    if (us < 0)
        us = 0;
    histogram->buckets[bucket_of((uint64_t)us)]++;
    histogram->count++;
    if (us > histogram->max_us)
        histogram->max_us = us;
}

int64_t histogram_share(const struct histogram *histogram, double share)
{
    uint64_t wanted = (uint64_t)(share * (double)histogram->count + 0.5);
    uint64_t seen = 0;

    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += histogram->buckets[i];
        if (seen > 0 && seen >= wanted) {
            int64_t top = bucket_top(i);
            return top < histogram->max_us ? top : histogram->max_us;
        }
    }
    return histogram->max_us;
}
