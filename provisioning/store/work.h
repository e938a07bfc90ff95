/* SPDX-License-Identifier: Apache-2.0 */
/* work: what a worker may do with the database: claim lines, write intents, ask
 * the fence, store outcomes, take over what dead workers held.  Everything goes
 * through functions that the role bridge_worker may call. */
#ifndef STORE_WORK_H
#define STORE_WORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/config.h"
#include "order/credits.h"
#include "order/plan.h"
#include "order/words.h"
#include "store/session.h"

/* An order that has been leased to us; strings live in its arena. */
struct work {
    struct arena arena;
    int64_t license_id;
    int64_t epoch; /* of the line's lease */
    int64_t order_id;
    int attempt; /* paid work: set by work_begin */
    enum order_type type;
    bool paid;
    bool doubted; /* an earlier attempt may have been carried out */
    bool probe;   /* its endpoint asked for fewer calls: what this one is answered decides about the others */
    bool recycle; /* a create that takes a terminated license up again: unsuspend and renew */
    const char *account;
    const char *source;
    const char *service_id;
    const char *product_code;
    const char *new_product_code;
    const char *period_end; /* YYYY-MM-DD; NULL */
    const char *license_status;
    bool target_fresh; /* no license of ours was ever where a change_ip moves to */
    bool has_learned;
    credits_t learned;     /* what this call is known to cost, whole */
    credits_t max_credits; /* 0 where the order names no limit */
    struct plan_input plan;
};

/* One finished attempt, as the database is to keep it. */
struct work_outcome {
    int64_t order_id;
    int attempt;
    int64_t epoch;
    enum order_state to;
    const char *reason_code;
    const char *reason;
    int64_t wait_ms;
    int64_t settle_ms;
    bool doubted;
    bool key_free;
    bool sent;
    enum verdict verdict;
    long http_status;
    int curl_code;
    int64_t elapsed_ms;
    const char *request; /* "POST create {…}", never with a token */
    const char *answer;  /* the first bytes as received */
    size_t answer_len;
    const char *upstream_license_id;
    bool pause_account;
    int64_t expires_ms; /* INT64_MIN: not told */
};

/* Reads row `row` of work_claim or work_claim_paid; the result is the caller's,
 * free it with work_free.  NULL when the row has a word this program does not
 * know (a newer schema): logged, and its lease runs out by itself. */
struct work *work_read(const struct rows *rows, int row);
void work_free(struct work **work);

void work_claim(struct session *session, const char *worker, const char *const *accounts, size_t account_count,
                int limit, int64_t lease_ms, session_done_fn *done, void *ctx);
void work_claim_paid(struct session *session, const char *worker, const char *account, int limit, int64_t lease_ms,
                     session_done_fn *done, void *ctx);
/* The rules of the window that a paid call begins in. */
struct work_limits {
    int width;       /* most calls in flight */
    int count;       /* most calls in a window */
    int64_t span_ms; /* longest window */
};

enum work_go { WORK_GO, WORK_DEAR, WORK_SHORT, WORK_WAIT, WORK_LOST };

void work_begin(struct session *session, const char *worker, const struct work *work, int64_t lease_ms, credits_t month,
                const struct work_limits *limits, session_done_fn *done, void *ctx);
/* What work_begin answered: the attempt and the booked price (GO), what the order can cost (DEAR), what is left of the
 * window's balance (SHORT). */
enum work_go work_begin_read(const struct rows *rows, int *attempt, credits_t *price);
/* Blocking, at most timeout_ms: whether the paid call may be sent now. */
bool work_fence(struct session *session, const struct work *work, int64_t call_timeout_ms, int64_t timeout_ms);
void work_outcomes(struct session *session, const struct work_outcome *outcomes, size_t count, session_done_fn *done,
                   void *ctx);
/* When the provider says that the license of an order was activated. */
void work_activated(struct session *session, int64_t order_id, int64_t activated_ms);
/* to: ORDER_QUEUED or ORDER_HELD. */
void work_return(struct session *session, const struct work *work, enum order_state to, const char *reason_code,
                 const char *reason, int64_t wait_ms, bool has_price, credits_t price, session_done_fn *done,
                 void *ctx);
/* The quiet times of the configuration's accounts say how long a late effect of
 * what is taken over may still come. */
void work_takeover(struct session *session, int limit, const struct config *config, session_done_fn *done, void *ctx);

#endif
