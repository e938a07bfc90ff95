/* SPDX-License-Identifier: Apache-2.0 */
/* late: effects that come when nobody waits for them any more. */
#ifndef STANDIN_LATE_H
#define STANDIN_LATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct book;
struct request;
struct late_job;

struct late {
    struct late_job *first; /* soonest first */
    pthread_cond_t changed; /* waits on the book's lock, by the monotonic clock */
    pthread_t thread;
    long pending;
    bool stop;
};

void late_start(struct book *book);
void late_stop(struct book *book);
/* With the lock held: carries the call out in `delay_ms`; takes the request. */
void late_add(struct book *book, struct request **request, uint64_t seq, long delay_ms);
/* With the lock held: forgets what has not happened. */
void late_clear(struct late *late);

#endif
