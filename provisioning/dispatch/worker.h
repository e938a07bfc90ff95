/* SPDX-License-Identifier: Apache-2.0 */
/* worker: what the parts of bridge-worker share.
 *
 * One thread, one loop: everything here is touched from it alone.  Three sessions,
 * so that neither housekeeping nor notices delay an outcome, and a fourth for the
 * fence, which alone may be waited for (FENCE_TIMEOUT_MS). */
#ifndef DISPATCH_WORKER_H
#define DISPATCH_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/service.h"
#include "dispatch/breaker.h"
#include "order/credits.h"
#include "provider/provider.h"
#include "store/session.h"
#include "store/work.h"

#define FENCE_TIMEOUT_MS 800
#define PRICE_FRESH_MS   (5 * 60 * 1000)
#define PRICES_MAX       64

struct worker;

/* A price of one month as last read from the provider. */
struct price {
    char type[64];
    credits_t price;
    int64_t read_ms; /* boot time; 0: empty slot */
};

struct account_state {
    struct worker *worker;
    struct config *owner;                /* held; what config is part of */
    const struct config_account *config; /* as of the last (re)load that knew the account */
    bool configured;                     /* false: taken out by a reload; only running work ends */
    struct breaker breaker;
    struct price prices[PRICES_MAX];
    int running;          /* repeatable calls in flight */
    bool claiming;        /* a claim of repeatable work is being answered */
    bool windowing;       /* the spending window is being looked at or moved on */
    bool lane_claiming;   /* a claim of paid work is being answered */
    int preparing;        /* paid work that is claimed and has not begun */
    int64_t idle_ms;      /* since when the open window has had nothing to do, boot time; 0: it has */
    bool polling;         /* the balance is being read for held orders */
    bool probing;         /* what lies in review is being looked for */
    int64_t claim_ms;     /* when the last claim was asked for, boot time */
    int64_t lane_ms;      /* likewise of paid work */
    int64_t due_ms;       /* next claim of repeatable work */
    bool sweep_asking;    /* licenses to be verified are being asked for */
    int sweeping;         /* … and are being verified */
    int64_t sweep_ms;     /* next sweep, boot time */
    int64_t catalogue_ms; /* next look whose turn it is to read the catalogue */
    int64_t paid_due_ms;  /* next look at the spending window */
};

#define OUTCOME_BATCH_MAX 256

struct outcome_queue {
    struct outcome_entry *first, **last;
    struct outcome_entry *sent[OUTCOME_BATCH_MAX]; /* being stored; still in the list */
    size_t sent_count;
    size_t alone;        /* this many are stored one by one: among them is a row that spoils a batch */
    int64_t retry_at_ms; /* after a lost connection */
    int64_t hinted_ms;   /* when front doors were last told that orders moved */
};

/* Notices to the panels that are on their way. */
struct callbacks {
    struct callback_try *first;
    int count;
    bool claiming;    /* a claim is being answered */
    int64_t claim_ms; /* when it was asked for, boot time */
    int64_t due_ms;   /* the next one */
};

struct worker {
    char name[96];
    const struct clock *clock;
    struct config *config;
    struct provider_loop *loop;
    struct session *work, *house, *fence, *notices;
    struct account_state **accounts;
    size_t account_count;
    struct outcome_queue outcomes;
    struct callbacks callbacks;
    int running;      /* works in memory: being prepared, called or decided */
    bool schema_good; /* the database's schema serves this program */
    bool announced;   /* it knows that this worker lives; not known of the next one after a session was lost */
    bool draining;    /* claim nothing more */
    bool ready;       /* the service manager was told so */
    struct service_watchdog watchdog;
};

int64_t worker_now_ms(const struct worker *worker);
uint64_t worker_random(void);
/* Whether what was claimed at claimed_ms can still be called within its lease:
 * a host that was frozen meanwhile must not send what others have done since. */
bool worker_lease_good(const struct worker *worker, const struct config_account *account, int64_t claimed_ms);
/* How long a line is leased for one call of the account. */
int64_t worker_lease_ms(const struct worker *worker, const struct config_account *account);
/* How many calls of the account may be started now. */
int account_room(const struct account_state *account);
/* Something of the account may be claimable in wait_ms: look then. */
void account_look_again(struct account_state *account, int64_t wait_ms);

#endif
