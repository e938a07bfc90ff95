/* SPDX-License-Identifier: Apache-2.0 */
/* sim: one history of the bridge as a sequence of events, drawn from one seed.
 *
 * The decisions are the shipped ones (order/, provider/verdict.c).  The database
 * is a re-statement of sql/migrations: one function per transaction, under the
 * SQL function's name.  Clock and randomness belong to the history, so a seed is
 * all that it takes to see it again. */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "order/credits.h"
#include "order/decide.h"
#include "order/window.h"
#include "order/words.h"

#define ORDERS_MAX   12
#define LICENSES_MAX 5
#define ACCOUNTS_MAX 2
#define HOSTS_MAX    3
#define FLIGHTS_MAX  48
#define EVENTS_MAX   512
#define PRICES_MAX   8

#define CALL_TIMEOUT_MS 1000
#define QUIET_MS        1500
#define LEASE_MS        (CALL_TIMEOUT_MS + 600)
#define WINDOW_SPAN_MS  4000
#define UNREAD_MAX_MS   5000
#define PROBE_TRIES     3
#define NONE            (-1)

/* Mistakes that can be switched on; each must be found (bugs.c names them). */
enum bug {
    BUG_NONE,
    BUG_NAIVE_RETRY,
    BUG_NO_FENCE,
    BUG_NO_VERSION_CHECK,
    BUG_NO_QUIET_WAIT,
    BUG_TAINT_IGNORED,
    BUG_FIRST_SUBSET,
    BUG_JUDGED_IN_FLIGHT,
    BUG_OPERATOR_EARLY,
    BUG_DUPLICATE_QUEUES,
    BUG_ACK_FIRST,
    BUG_NO_LICENSE_ORDER,
    BUG_TAKEOVER_UNSENT,
    BUG_REFUSAL_FAILS,
    BUG_RESEND,
    BUG_NO_SETTLE_WAIT,
    BUG_RESOLVE_KEEPS_VERSION,
    BUG_BEGIN_WHEN_SHUT,
    BUG_CONFIRMED_FORGOTTEN,
    BUG_STALE_BALANCE,
    BUG_UNSURE_IS_DONE,
    BUG_LINE_STANDS,
    BUG_OLD_PRICES,
    BUG_OLD_LOOK,
    BUG_FREE_FORGOTTEN,
    BUG_PROBE_FORGOTTEN,
    BUG_FREE_COST_UNKNOWN,
    BUG_COUNT
};

enum window_state { WINDOW_SHUT, WINDOW_OPEN, WINDOW_DRAIN };

/* ---- the database ---- */

struct order {
    bool stored; /* committed by the front door */
    enum order_type type;
    bool paid;
    int license, account, months, product;
    enum order_state state;
    const char *reason;
    int attempts, sent_attempt;
    bool doubted, unsettled;
    int64_t deadline, next_try;
    credits_t month, price, price_other; /* as booked */
    bool may_be_free;
    int window_id;
    int position;
};

struct line {
    int head; /* NONE: nothing to do */
    int64_t run_at;
    int lease_owner; /* NONE: free */
    int64_t lease_epoch, lease_until, settle_until, probe_until;
};

struct learned {
    bool known;
    credits_t month, price;
};

struct account {
    int64_t version;
    enum window_state window_state;
    int window_id, width;
    bool alarm;
    int64_t unread_since; /* NONE: readable */
    /* bridge.spending_window of window_id */
    bool tainted, solo;
    credits_t balance_open, confirmed;
    int begun, done;
    int64_t opened_at;
    struct learned learned[ORDER_TYPE_COUNT][PRICES_MAX][2]; /* type, product, one month or several */
};

struct db {
    struct order orders[ORDERS_MAX];
    struct line lines[LICENSES_MAX];
    struct account accounts[ACCOUNTS_MAX];
    int last_window, last_position;
};

/* ---- the upstream's truth ---- */

struct truth {
    int effects[ORDERS_MAX]; /* how often the order was carried out … */
    int charged[ORDERS_MAX]; /* … and charged */
    int pending[ORDERS_MAX]; /* requests that may still be carried out */
};

struct upstream {
    credits_t balance[ACCOUNTS_MAX];
    credits_t price[ACCOUNTS_MAX][PRICES_MAX]; /* of a month */
    bool moved[ACCOUNTS_MAX][PRICES_MAX];
    bool exists[LICENSES_MAX];
    bool old[LICENSES_MAX];                 /* a terminated license of ours is on its address */
    credits_t balance_before[ACCOUNTS_MAX]; /* before the last purchase */
    int highest[LICENSES_MAX];              /* position of the last order that was carried out */
    struct truth truth;
};

/* ---- a worker's memory: gone in a crash ---- */

struct flight { /* one attempt */
    bool used;
    int host, order, attempt;
    int64_t epoch, sent_at;
    credits_t month;
    bool passed;
    struct decide_input input;
    struct decision decision;
    /* the answer on its way */
    bool timed_out, broken, success, refusal, already, object;
    long status;
};

enum errand_kind { ERRAND_NONE, ERRAND_OPEN, ERRAND_SETTLE, ERRAND_HOLDS, ERRAND_TRAY };

struct errand { /* a host's errand for one account's window */
    enum errand_kind kind;
    int step;
    int64_t version;
    credits_t first, balance;
    bool unread;       /* opened without a balance, tainted */
    bool prices_moved; /* the catalogue no longer says what the calls were booked at */
    int probed, tries; /* orders looked at for a probe; how often the one at hand */
    int64_t epoch;     /* of the probe's lease */
    bool answered, found;
    struct window_sum sum;
    int orders[WINDOW_DOUBTS_MAX];
};

struct host {
    int life; /* raised by each crash: what was meant for an earlier life is dropped */
    int64_t frozen_until;
    struct errand errands[ACCOUNTS_MAX];
};

/* ---- the history ---- */

enum event_kind {
    EVENT_WEBHOOK,
    EVENT_DUPLICATE,
    EVENT_TICK,
    EVENT_PRICED,
    EVENT_CONNECTED,
    EVENT_EFFECT,
    EVENT_ANSWER,
    EVENT_BALANCE, /* read because of a refusal */
    EVENT_OUTCOME,
    EVENT_ERRAND,
    EVENT_PROBED,
    EVENT_PROBE_ACTS,
    EVENT_OPERATOR,
    EVENT_TOPUP,
    EVENT_OUTSIDE,
    EVENT_PRICE,
    EVENT_CRASH,
    EVENT_FREEZE,
};

struct event {
    int64_t at;
    uint32_t number;
    enum event_kind kind;
    int host; /* NONE: nobody's memory is needed */
    int life;
    int a;
};

/* Drawn once per history. */
struct rules {
    int orders, licenses, accounts, hosts;
    int width, count;
    bool evidence; /* settle = evidence */
    bool probe;
    bool times; /* the upstream multiplies by months */
    bool refuses_repeats;
    bool finds_old; /* a create on an old license's address finds that one, for nothing */
    bool hints;     /* "already in that state" is understood */
    bool operator_there;
    bool outside;                  /* somebody else spends or pays in */
    bool moves;                    /* prices change, each once */
    bool topped;                   /* an own top-up: alarms are no false alarms any more */
    int fault_per_mille;           /* of each call and step */
    int64_t dark_from, dark_until; /* no balance can be read */
};

/* What was reached over all histories: a situation that never occurs proves nothing. */
enum reached {
    REACHED_DOUBT,
    REACHED_DONE,
    REACHED_NOT,
    REACHED_AMBIGUOUS,
    REACHED_ALARM,
    REACHED_TAINTED,
    REACHED_PROBED,
    REACHED_LATE,
    REACHED_TAKEOVER,
    REACHED_FENCED,
    REACHED_STALE,
    REACHED_LEARNED,
    REACHED_RESOLVED,
    REACHED_SHORT,
    REACHED_RISE,
    REACHED_PARALLEL,
    REACHED_FREE,
    REACHED_LIFTED,
    REACHED_PROBE_LOST,
    REACHED_COUNT
};

struct sim {
    uint64_t seed, random;
    enum bug bug;
    bool trace;
    int64_t now;
    uint32_t number;
    int faults_left;
    int waiting[EVENT_FREEZE + 1]; /* events of each kind still to come */
    struct event heap[EVENTS_MAX];
    int heap_count;
    struct rules rules;
    struct db db;
    struct upstream up;
    struct host hosts[HOSTS_MAX];
    struct flight flights[FLIGHTS_MAX];
    bool acked[ORDERS_MAX];
    int script[ORDERS_MAX]; /* the order behind it on the same license; NONE */
    uint64_t digest[ACCOUNTS_MAX];
    int64_t digest_version[ACCOUNTS_MAX];
    const char *failure; /* which promise was broken */
    int failure_order;
    uint64_t events;
    uint64_t reached[REACHED_COUNT];
};

/* random.c */
uint64_t random_next(struct sim *s);
int random_below(struct sim *s, int limit);
int64_t random_between(struct sim *s, int64_t least, int64_t most);
bool random_per_mille(struct sim *s, int per_mille);
bool fault_strikes(struct sim *s); /* by the history's rate, while there are faults left */

/* events.c */
void event_add(struct sim *s, int64_t after_ms, enum event_kind kind, int host, int a);
bool event_take(struct sim *s, struct event *event);

/* trace.c */
void trace(struct sim *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* db_line.c: 0002_line.sql, 0003_intake.sql */
bool intake_accept(struct sim *s, int order); /* false: it was known */
void line_advance(struct sim *s, int license);
void order_move(struct sim *s, int order, enum order_state to, const char *reason);
void order_end(struct sim *s, int order, enum order_state to, const char *reason);

/* db_work.c: 0004_worker.sql */
int work_claim(struct sim *s, int host, bool paid, int account); /* an order, or NONE */
enum begin_code { BEGIN_GO, BEGIN_WAIT, BEGIN_SHORT, BEGIN_LOST };
enum begin_code work_begin(struct sim *s, int host, int order, int64_t epoch, credits_t month);
bool work_fence(struct sim *s, int order, int attempt, int64_t epoch);
bool work_outcome(struct sim *s, const struct flight *flight);
void work_return(struct sim *s, int order, int64_t epoch, enum order_state to, const char *reason, int64_t wait_ms,
                 credits_t need);
void work_takeover(struct sim *s);
void holds_release(struct sim *s, int account, credits_t balance);
bool accounts_short(const struct sim *s, int account);
void account_touched(struct sim *s, int order, enum order_state to);

/* db_window.c: 0007_money.sql, functions/ */
struct window_view { /* window_look */
    int calling, doubts;
    bool ready;
    int64_t settle_ms;
};
struct window_view window_look(const struct sim *s, int account);
bool window_open(struct sim *s, int account, int64_t version, const struct errand *errand);
void window_close(struct sim *s, int account);
bool window_doubts(const struct sim *s, int account, struct errand *errand); /* false: not under its version */
int64_t probe_take(struct sim *s, int host, int order);                      /* the lease's epoch; NONE: not ours */
void probe_give(struct sim *s, int host, int order, int64_t epoch, bool certain);
bool order_probeable(const struct sim *s, int order);
bool window_probed(struct sim *s, int order);
void taint_lifted(struct sim *s, int account);
bool window_settle(struct sim *s, int account, const struct errand *errand, bool next);
const char *operator_resolve(struct sim *s, int order, const char *answer);
void operator_acknowledge(struct sim *s, int account);
struct learned *price_learned(struct sim *s, const struct order *order);

/* upstream.c */
void upstream_send(struct sim *s, int flight);
void upstream_effect(struct sim *s, int order);
bool upstream_balance(struct sim *s, int account, credits_t *balance); /* false: no usable answer */
credits_t upstream_cost(const struct sim *s, const struct order *order);
/* Says after how long the caller knows something; *answered, *found: what. */
int64_t upstream_probe(struct sim *s, int order, bool *answered, bool *found);
void upstream_probe_acts(struct sim *s, int order);
enum verdict upstream_verdict(struct flight *flight, int64_t now); /* fills the flight's input */

/* worker.c and errand.c: what a host does */
void worker_tick(struct sim *s, int host);
void worker_event(struct sim *s, const struct event *event);
void worker_crash(struct sim *s, int host);
void errand_start(struct sim *s, int host, int account);
void errand_step(struct sim *s, int host, int account);
void errand_probed(struct sim *s, int host, int order);

/* world.c */
void world_draw(struct sim *s);
void world_event(struct sim *s, const struct event *event);
bool world_rests(const struct sim *s);

/* promise.c */
void promise_broken(struct sim *s, int order, const char *promise);
void promises_check(struct sim *s);
void promises_check_effect(struct sim *s, int order);
void promises_check_sent(struct sim *s, int order);
void promises_check_settled(struct sim *s, int account, const struct errand *errand);
void promises_check_rest(struct sim *s);

/* history.c: false when a promise was broken (s->failure). */
bool history_run(struct sim *s, uint64_t seed, enum bug bug, bool trace);

/* bugs.c */
const char *bug_name(enum bug bug);
enum bug bug_find(const char *name); /* BUG_COUNT: unknown */

#endif
