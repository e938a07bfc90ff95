/* SPDX-License-Identifier: Apache-2.0 */
/* provider: one upstream system behind one const struct of functions, and calls
 * to it on one event loop.
 *
 * A caller plans a call (order/plan.h), starts it, and is told once how it went.
 * Nothing here retries, decides about orders or knows the database. */
#ifndef PROVIDER_PROVIDER_H
#define PROVIDER_PROVIDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/config.h"
#include "order/credits.h"
#include "order/plan.h"
#include "order/words.h"

#define ANSWER_MAX  (256 * 1024) /* bytes of an answer that are read */
#define ANSWER_KEPT 4096         /* bytes of it that are kept as evidence */

/* How a transfer ended, as far as the wire tells. */
enum call_end {
    CALL_END_WHOLE,   /* libcurl took the answer for finished; proves nothing by itself */
    CALL_END_TIMEOUT, /* call_timeout, or ten seconds without a connection */
    CALL_END_BROKEN,  /* any other failure of name, connection, TLS or HTTP */
    CALL_END_FENCED,  /* the fence said no, so nothing was sent */
    CALL_END_STOPPED, /* provider_loop_close */
};

/* What was seen on the wire, before anything is concluded from it. */
struct observation {
    enum call_end end;
    const char *slow;       /* what a timeout was spent on, "the TLS handshake"; NULL */
    bool passed;            /* the point of no return (PREREQ) was passed */
    bool passed_twice;      /* libcurl came to it again: never trust the answer */
    int curl_code;          /* CURLcode */
    const char *curl_text;  /* for people; never contains the token */
    long status;            /* HTTP status, 0 when none was read */
    int64_t retry_after_ms; /* -1: not given */
    int64_t elapsed_ms;
    const char *body; /* complete or cut, NUL-terminated */
    size_t body_len;
    bool body_cut; /* longer than ANSWER_MAX */
};

struct catalogue_item {
    const char *code;
    const char *name;
    credits_t price;
    bool visible;
};

/* What an answer says, after the verdict. */
struct answer {
    enum call_name call; /* what was asked */
    enum verdict verdict;
    const char *reason_code; /* stable word: "done", "refused", "timeout", "rate_limited" … */
    const char *reason;      /* a sentence for the operator */
    const char *message;     /* the upstream's own words; NULL */
    bool hint_short_of_credits;
    bool hint_exists;
    bool hint_already;
    bool denied;                     /* 401 or 403: token or address is not accepted */
    const char *upstream_license_id; /* create; as text whatever its JSON type; NULL */
    bool has_balance;
    credits_t balance;
    bool sandbox;
    const struct catalogue_item *items; /* products: all; product: one */
    size_t item_count;
    bool has_valid; /* verify */
    bool valid;
    int64_t expires_ms;   /* wall time; INT64_MIN: not given */
    int64_t activated_ms; /* likewise */
    const char *info;     /* what the provider says of itself: a JSON object of known members; NULL */
    bool inexact;         /* a number is spelt with an exponent: no fraction of this answer is trusted */
    struct observation seen;
};

/* Runs after connect and TLS and before the first request byte; false aborts:
 * nothing is sent.  Called at most once per call, from inside libcurl: it must
 * not start calls or step the loop. */
typedef bool call_fence_fn(void *ctx);
/* Called exactly once per started call, from provider_loop_step or
 * provider_loop_close; the answer and all it points to live until it returns. */
typedef void call_done_fn(void *ctx, const struct answer *answer);

struct call_start {
    const struct config_account *account; /* borrowed until done */
    const struct call *call;              /* borrowed during provider_call only */
    call_fence_fn *fence;                 /* NULL: none (repeatable calls) */
    call_done_fn *done;
    void *ctx;
};

struct provider_loop; /* one curl multi handle */

struct provider_loop *provider_loop_open(void);
/* Ends calls still running as observed so far (a passed one is UNSURE, the
 * others are LATER); calls that their done functions start are ended too. */
void provider_loop_close(struct provider_loop **loop);
size_t provider_loop_running(const struct provider_loop *loop);
/* Starts; paid calls get a fresh connection that is never used again. */
void provider_call(struct provider_loop *loop, const struct call_start *start);

struct loop_wait {
    int fd;
    short events;  /* POLLIN | POLLOUT */
    short revents; /* filled */
};
/* Sleeps until a transfer, one of the waits, provider_loop_wake or the timeout,
 * then runs transfers and reports the finished ones. */
void provider_loop_step(struct provider_loop *loop, struct loop_wait *waits, size_t count, int timeout_ms);
/* Async-signal-safe enough for a signal handler's thread: ends one sleep. */
void provider_loop_wake(struct provider_loop *loop);

/* One row per provider. */
struct provider {
    const char *name; /* the configuration's word */
    enum provider_kind kind;
    /* The URL's path behind base_url, "/licenses/create"; NULL: not offered. */
    const char *(*path)(enum call_name name);
    /* Reads what is special to the provider out of a complete JSON object of a
     * DONE answer; may turn the verdict (verify: valid = false is REFUSED). */
    void (*read)(struct answer *answer, enum call_name name, void *json, const struct config_account *account,
                 struct arena *arena);
};

const struct provider *provider_find(const char *name); /* NULL: unknown */

/* The body that is sent, as text for people and for tests: never the token. */
char *provider_call_body(const struct call *call, struct arena *arena);

#endif
