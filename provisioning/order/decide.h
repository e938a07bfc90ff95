/* SPDX-License-Identifier: Apache-2.0 */
/* decide: where an order goes after an attempt.
 *
 * A function of what the attempt reported and of the order's past; the caller
 * (dispatch) writes what it says and nothing else.  How in_doubt ends is not
 * decided here: that takes the whole spending window. */
#ifndef ORDER_DECIDE_H
#define ORDER_DECIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "order/backoff.h"
#include "order/credits.h"
#include "order/words.h"

/* A refused account's balance. */
enum decide_balance {
    BALANCE_NOT_ASKED,
    BALANCE_UNREADABLE, /* asked, and no usable answer came */
    BALANCE_DENIED,     /* asked, and answered 401 or 403 */
    BALANCE_KNOWN,
};

/* What a harmless call says after a doubt and a refusal: repeating the license's
 * known state on the new address (change_ip), verify (a Lisans Zone activate). */
enum decide_evidence {
    EVIDENCE_NONE, /* there is no such call, or it proved nothing */
    EVIDENCE_NOT_ASKED,
    EVIDENCE_UNREAD, /* asked, and no usable answer came */
    EVIDENCE_DONE,   /* the doubtful attempt was carried out */
};

struct decide_input {
    enum order_type type;
    bool paid;
    bool changes; /* the call changes state upstream (call_changes) */
    bool doubted; /* an earlier attempt of this order may have been carried out */
    int attempts; /* made so far, this one included */
    enum verdict verdict;
    const char *reason_code; /* of the answer; borrowed, like reason and message */
    const char *reason;
    const char *message;        /* the upstream's words; NULL */
    bool hint_short_of_credits; /* counts only when the balance cannot be read */
    bool hint_already;          /* already in the state that was asked for */
    bool denied;                /* 401 or 403 */
    int64_t retry_after_ms;     /* -1: not given */
    bool rationed;              /* LATER: the endpoint's budget says when, for all its orders alike */
    struct backoff backoff;
    uint64_t random;           /* 64 uniform bits */
    int64_t deadline_quiet_ms; /* what is left of the attempt's deadline, plus the quiet time */
    enum decide_balance balance_read;
    credits_t balance; /* when BALANCE_KNOWN */
    credits_t price;   /* the most this call can cost; compared with the balance */
    enum decide_evidence evidence;
};

#define DECIDE_NO_WAIT INT64_C(-1)

struct decision {
    /* ORDER_CALLING (no move yet) only with ask_balance or ask_evidence: make
     * that call, then decide again with its outcome. */
    enum order_state to;
    const char *reason_code; /* stable word */
    const char *reason;      /* for people; static or borrowed from the input; never NULL */
    int64_t wait_ms;         /* queued: until run_at; held for something that is polled: until the
                              * next look; otherwise DECIDE_NO_WAIT */
    bool ask_balance;
    bool ask_evidence;
    bool pause_account; /* token or address is not accepted: stop calling */
    bool key_free;      /* failed, and nothing can have been bought: the operation_key may be used again */
    bool doubted;       /* what the order remembers from now on */
    int64_t settle_ms;  /* the license's next order waits this long; 0: not at all */
};

struct decision decide(const struct decide_input *input);

#endif
