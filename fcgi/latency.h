/* SPDX-License-Identifier: Apache-2.0 */
/* latency: how long requests took, counted in buckets as a histogram of
 * Prometheus wants them. */
#ifndef FCGI_LATENCY_H
#define FCGI_LATENCY_H

#include <stdint.h>

#define LATENCY_BUCKETS 12

struct latency {
    int64_t count, sum_us, below[LATENCY_BUCKETS]; /* below[i]: up to the i-th bound */
};
/* In seconds, ascending. */
extern const double LATENCY_BOUNDS[LATENCY_BUCKETS];

void latency_note(struct latency *latency, int64_t us);

#endif
