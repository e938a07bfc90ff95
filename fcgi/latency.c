/* SPDX-License-Identifier: Apache-2.0 */
/* Counts; knows nothing of requests. */
#include "fcgi/latency.h"

const double LATENCY_BOUNDS[LATENCY_BUCKETS] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5};

void latency_note(struct latency *latency, int64_t us)
{
    double seconds = (double)us / 1e6;

    latency->count++;
    latency->sum_us += us;
    for (int i = 0; i < LATENCY_BUCKETS; i++)
        latency->below[i] += seconds <= LATENCY_BOUNDS[i];
}
