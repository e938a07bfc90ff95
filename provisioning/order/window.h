/* SPDX-License-Identifier: Apache-2.0 */
/* window: what the balance says about the doubtful calls of a spending window.
 *
 * A window is a span of paid calls between two balance readings of a quiet
 * account.  What is missing at its end, beyond the purchases that were confirmed,
 * was taken by doubtful calls: which ones, if the sums allow only one answer.
 * Rule R6 of docs/money.md; pure, exact decimals, no clock. */
#ifndef ORDER_WINDOW_H
#define ORDER_WINDOW_H

#include <stdbool.h>
#include <stddef.h>

#include "order/credits.h"

/* Most calls of one window that may be in doubt together (all were in flight at
 * once, and the account's window is at most 8). */
#define WINDOW_DOUBTS_MAX 16

struct window_doubt {
    credits_t price;       /* what the whole call was booked to cost */
    credits_t other_price; /* a second possible cost of a call that is not learned yet; equal to price: none */
    bool may_be_free;      /* carried out, it may have cost nothing; then to repeat it does no harm */
};

enum window_fate {
    WINDOW_FATE_DONE,    /* in every subset that fits: it was carried out */
    WINDOW_FATE_NOT,     /* in none: it was not */
    WINDOW_FATE_FREE,    /* in some, at no cost, of a call that may be free: nothing was charged for it */
    WINDOW_FATE_UNKNOWN, /* the sums allow both */
};

struct window_sum {
    bool tainted; /* somebody else's doubt, an alarm or a sandbox: conclude nothing */
    credits_t opened;
    credits_t closed;
    credits_t confirmed; /* sum of what the window's done calls were booked to cost */
    size_t count;
    struct window_doubt doubts[WINDOW_DOUBTS_MAX];
};

struct window_judgement {
    bool alarm;     /* nothing fits: somebody else spends, or a price is wrong */
    credits_t rest; /* opened - closed - confirmed: taken beyond the confirmed calls */
    enum window_fate fates[WINDOW_DOUBTS_MAX];
    /* What a done doubt cost when exactly one cost fits in every subset; otherwise 0 and learned false. */
    bool learned[WINDOW_DOUBTS_MAX];
    credits_t cost[WINDOW_DOUBTS_MAX];
};

/* Without doubts: rest tells the drift (0: the window fits), alarm stays false.
 * Tainted: every fate UNKNOWN, no alarm. */
struct window_judgement window_judge(const struct window_sum *sum);

/* Where a window without doubts does not fit. */
enum window_drift {
    WINDOW_DRIFT_NONE,
    WINDOW_DRIFT_RISE, /* more than expected is there: a top-up */
    WINDOW_DRIFT_FALL, /* less: a new price, or somebody else spends */
};
enum window_drift window_drift(credits_t rest);

#endif
