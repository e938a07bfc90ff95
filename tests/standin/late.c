/* SPDX-License-Identifier: Apache-2.0 */
/* Why: a real reseller may carry out an order long after its caller hung up.
 * Owns the waiting jobs and one thread.  Never answers anybody. */
#include "late.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "book.h"
#include "request.h"
#include "turn.h"

struct late_job {
    struct late_job *next;
    struct request *request;
    uint64_t seq;
    int64_t due_ms; /* monotonic */
};

void late_add(struct book *book, struct request **request, uint64_t seq, long delay_ms)
{
    struct late_job *job = need_zeroed(1, sizeof *job);
    struct late_job **at = &book->late.first;

    *job = (struct late_job){.request = *request, .seq = seq, .due_ms = clock_mono_ms() + delay_ms};
    *request = NULL;
    while (*at && (*at)->due_ms <= job->due_ms)
        at = &(*at)->next;
    job->next = *at;
    *at = job;
    book->late.pending++;
    pthread_cond_signal(&book->late.changed);
}

static void job_drop(struct late *late)
{
    struct late_job *job = late->first;

    late->first = job->next;
    late->pending--;
    request_free(job->request);
    free(job);
}

void late_clear(struct late *late)
{
    while (late->first)
        job_drop(late);
}

static void late_wait(struct book *book)
{
    struct late_job *job = book->late.first;

    if (!job) {
        pthread_cond_wait(&book->late.changed, &book->lock);
        return;
    }
    struct timespec due = {.tv_sec = job->due_ms / 1000, .tv_nsec = job->due_ms % 1000 * 1000000};
    pthread_cond_timedwait(&book->late.changed, &book->lock, &due);
}

static void *late_run(void *ctx)
{
    struct book *book = ctx;
    struct late *late = &book->late;

    pthread_mutex_lock(&book->lock);
    while (!late->stop) {
        if (!late->first || late->first->due_ms > clock_mono_ms()) {
            late_wait(book);
            continue;
        }
        turn_work_late(book, late->first->request, late->first->seq);
        job_drop(late);
    }
    pthread_mutex_unlock(&book->lock);
    return NULL;
}

void late_start(struct book *book)
{
    pthread_condattr_t attr;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&book->late.changed, &attr);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&book->late.thread, NULL, late_run, book) != 0)
        abort();
}

void late_stop(struct book *book)
{
    pthread_mutex_lock(&book->lock);
    book->late.stop = true;
    pthread_cond_signal(&book->late.changed);
    pthread_mutex_unlock(&book->lock);
    pthread_join(book->late.thread, NULL);
    pthread_cond_destroy(&book->late.changed);
}
