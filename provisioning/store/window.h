/* SPDX-License-Identifier: Apache-2.0 */
/* window: the rows of an account's spending window.
 *
 * Every change names the version at which the caller looked; where the account
 * has changed since, nothing happens and the caller looks again. */
#ifndef STORE_WINDOW_H
#define STORE_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "order/credits.h"
#include "order/window.h"
#include "store/session.h"

enum window_state { WINDOW_SHUT, WINDOW_OPEN, WINDOW_DRAIN };

struct window_view {
    int64_t version;
    enum window_state state;
    int64_t window_id; /* of the last window; 0: there was none */
    bool tainted;
    bool solo;
    credits_t opened; /* meaningless when tainted by an unreadable balance */
    credits_t confirmed;
    int begun;
    int calling;
    int doubts;
    bool ready; /* paid work waits */
    bool paused;
    bool alarmed;
    int width;
    int64_t age_ms;
    int64_t settle_ms;    /* until the balance may be read to settle it */
    bool solo_done;       /* the call of a solo window is confirmed; it was booked in `confirmed` … */
    credits_t solo_other; /* … and may have cost this instead … */
    bool solo_free;       /* … or nothing */
};

/* Reads the row of window_look; false: there is no such account. */
bool window_view_read(const struct rows *rows, struct window_view *view);

struct window_doubt_row {
    int64_t order_id;
    int attempt;
    struct window_doubt doubt;
    bool probe;
    char type[64];
    char ip[46];
};
/* At most WINDOW_DOUBTS_MAX; -1: more, or a row that cannot be read. */
int window_doubts_read(const struct rows *rows, int64_t *version, struct window_doubt_row out[WINDOW_DOUBTS_MAX]);

struct window_settlement {
    int64_t version;
    bool has_balance;
    credits_t balance;
    bool sandbox;
    const struct window_doubt_row *doubts;
    size_t count;
    const struct window_judgement *judgement;
    bool evidence; /* settle = evidence */
    const char *sentence;
    const char *alarm; /* NULL: none */
    bool has_learned;
    credits_t learned;
    credits_t rise;
    bool next;
    int width;
};

void window_look(struct session *session, const char *account, int64_t quiet_ms, session_done_fn *done, void *ctx);
void window_open(struct session *session, const char *account, int64_t version, bool has_balance, credits_t balance,
                 bool sandbox, int width, session_done_fn *done, void *ctx);
void window_close(struct session *session, const char *account, int64_t window_id, session_done_fn *done, void *ctx);
void window_doubts(struct session *session, const char *account, session_done_fn *done, void *ctx);
/* late_ms: how long the probe may act after it was asked.  The row's epoch names the lease; null: another is at it. */
void window_probe_take(struct session *session, const char *worker, int64_t order_id, int64_t lease_ms, int64_t late_ms,
                       session_done_fn *done, void *ctx);
void window_probe_give(struct session *session, const char *worker, int64_t order_id, int64_t epoch, bool certain,
                       session_done_fn *done, void *ctx);
/* What lies in review and is due to be probed, one an account; window_tray_read fills one row's order, attempt, type
 * and address. */
void window_tray(struct session *session, session_done_fn *done, void *ctx);
void window_tray_read(const struct rows *rows, int row, struct window_doubt_row *out);
void window_prices_hold(struct session *session, int64_t window_id, session_done_fn *done, void *ctx);
void window_probed(struct session *session, const struct window_doubt_row *doubt, session_done_fn *done, void *ctx);
void window_settle(struct session *session, const char *account, const struct window_settlement *settlement,
                   session_done_fn *done, void *ctx);
void window_expected(struct session *session, int64_t window_id, session_done_fn *done, void *ctx);
/* The balance could not be read.  gap_ms: failures further apart are two spells; limit_ms: after a spell that long the
 * operators are told.  The row's spell_ms: how long it has lasted. */
void window_unread(struct session *session, const char *account, int64_t gap_ms, int64_t limit_ms,
                   session_done_fn *done, void *ctx);

#endif
