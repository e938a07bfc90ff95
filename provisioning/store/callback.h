/* SPDX-License-Identifier: Apache-2.0 */
/* callback: the queue of notices to panels: lease some, tell how a try ended.
 *
 * Notices are queued by the database itself, in the transaction of what they
 * tell. */
#ifndef STORE_CALLBACK_H
#define STORE_CALLBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/config.h"
#include "store/session.h"

/* One leased notice; strings live in the arena it was read into. */
struct callback {
    int64_t callback_id;
    int64_t epoch;    /* of the lease */
    int64_t order_id; /* 0: not about an order */
    int attempts;     /* tries that have ended before */
    const char *source;
    const char *webhook_id;
    const char *type;
    const char *payload;
    const char *lost; /* the worker whose lease had run out; NULL */
};

/* How a try ended. */
struct callback_end {
    bool sent;
    long status;       /* 0: no answer */
    const char *error; /* NULL: none */
    int64_t wait_ms;   /* until the next try; -1: none */
};

/* How many notices of a source may be leased now. */
struct callback_room {
    const char *source;
    int room;
};

/* Makes known which sources want notices, and when a balance is low. */
void callbacks_configure(struct session *session, const struct config *config);
void callbacks_claim(struct session *session, const char *worker, const struct callback_room *rooms, size_t count,
                     int most, int64_t lease_ms, session_done_fn *done, void *ctx);
void callback_read(struct callback *callback, struct arena *arena, const struct rows *rows, int row);
/* Answers with the column "state"; NULL there: the lease was another's meanwhile. */
void callback_ended(struct session *session, const struct callback *callback, const struct callback_end *end,
                    session_done_fn *done, void *ctx);

#endif
