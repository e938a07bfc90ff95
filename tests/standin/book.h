/* SPDX-License-Identifier: Apache-2.0 */
/* book: all that the threads share, behind one lock. */
#ifndef STANDIN_BOOK_H
#define STANDIN_BOOK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base.h"
#include "fault.h"
#include "late.h"
#include "ledger.h"
#include "personality.h"
#include "shop.h"
#include "zone.h"

struct book {
    pthread_mutex_t lock; /* everything below but stop_fd and the start values */
    struct map words;
    struct ledger ledger;
    struct shop shop;
    struct personality personality;
    struct faults faults;
    struct zone zone;
    struct late late;
    uint64_t generation; /* raised by a reset: older calls have no effect any more */
    long in_flight;
    int stop_fd; /* an eventfd: readable from the moment the program is to end */
    uint64_t seed;
    const char *token; /* of the account "main"; NULL: none */
    int64_t balance;
};

/* What a fresh start looks like; also used by control's reset. */
void book_fill(struct book *book);
void book_clear(struct book *book, bool keep_accounts);
/* Sleeps at most so long; returns early when the program is to end. */
void book_pause(const struct book *book, long ms);
/* The same, and returns early when the other end of `fd` has gone. */
void book_wait_gone(const struct book *book, int fd, long ms);

#endif
