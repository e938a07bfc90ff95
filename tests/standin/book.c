/* SPDX-License-Identifier: Apache-2.0 */
/* Why: one lock over one small state in memory is easy to trust, and a judge has
 * to be trusted.  Owns what the threads share.  Never sleeps with the lock held.
 * A crash loses all of it: a test whose judge died has no result. */
#include "book.h"

#include <poll.h>

void book_fill(struct book *book)
{
    if (book->token && !account_by_name(&book->shop, "main"))
        account_add(&book->shop, "main", book->token, book->balance);
    shop_open(&book->shop);
    zone_open(&book->zone);
    faults_seed(&book->faults, book->seed);
}

void book_clear(struct book *book, bool keep_accounts)
{
    book->generation++;
    late_clear(&book->late);
    ledger_clear(&book->ledger);
    shop_clear(&book->shop, keep_accounts);
    faults_clear(&book->faults);
    zone_clear(&book->zone);
    book->personality = (struct personality){0};
}

static void wait_for(struct pollfd *fds, nfds_t count, long ms)
{
    int64_t until = clock_mono_ms() + ms;

    for (int64_t left = ms; left > 0; left = until - clock_mono_ms())
        if (poll(fds, count, left > 60000 ? 60000 : (int)left) > 0)
            return;
}

void book_pause(const struct book *book, long ms)
{
    struct pollfd stop = {.fd = book->stop_fd, .events = POLLIN};

    wait_for(&stop, 1, ms);
}

void book_wait_gone(const struct book *book, int fd, long ms)
{
    struct pollfd fds[2] = {{.fd = book->stop_fd, .events = POLLIN}, {.fd = fd, .events = POLLRDHUP}};

    wait_for(fds, 2, ms);
}
