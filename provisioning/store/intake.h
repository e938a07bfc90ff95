/* SPDX-License-Identifier: Apache-2.0 */
/* intake: what the front door may do with the database: accept a batch of
 * deliveries in one durable transaction, read one order, note refusals, look a
 * token up.  Everything goes through functions that the role bridge_intake may
 * call; it can read no table. */
#ifndef STORE_INTAKE_H
#define STORE_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "order/credits.h"
#include "order/request.h"
#include "store/session.h"

#define INTAKE_BATCH_MAX 256

/* One checked delivery; everything is borrowed until intake_accept returns. */
struct intake_event {
    const char *source;
    const char *delivery_id; /* webhook-id */
    const char *address;     /* the panel's address as nginx saw it; may be NULL */
    const void *body;        /* raw bytes, as signed */
    size_t body_len;
    unsigned char digest[DIGEST_SIZE]; /* SHA-256 of body */
    const struct order_request *request;
};

enum intake_outcome {
    INTAKE_ACCEPTED,  /* a new order */
    INTAKE_DUPLICATE, /* the same delivery or key: the order it led to */
    INTAKE_CONFLICT,  /* 409: known delivery id, other bytes */
    INTAKE_REFUSED,   /* 422: see field and text */
    INTAKE_AGAIN,     /* lost a race: put it into the next batch */
};

/* One row of the answer; strings live during the callback. */
struct intake_result {
    enum intake_outcome outcome;
    int64_t order_id;   /* 0 when there is none */
    const char *state;  /* order state word; NULL when there is no order */
    const char *reason; /* of the state, for people; NULL */
    const char *field;  /* REFUSED: "data.service_id" */
    const char *text;   /* REFUSED: for people */
};

/* results has one entry per event in the order given, when status is ROWS_OK;
 * otherwise NULL: nothing may be acknowledged (ROWS_ERROR with several events:
 * try them one by one, one of them may have spoilt the batch). */
typedef void intake_done_fn(void *ctx, enum rows_status status, const char *error, const struct intake_result *results,
                            size_t count);

/* The rows of one batch must be independent: no two may share (source,
 * delivery_id), (source, operation_key), (source, service_id) or a pair of
 * (account, upstream type, ip or new_ip).  batch.c sees to it. */
void intake_accept(struct session *session, const struct intake_event *events, size_t count, int64_t timeout_ms,
                   intake_done_fn *done, void *ctx);

/* A refused delivery, kept for the operators (the caller bounds the rate). */
struct intake_refusal {
    const char *source; /* as asked for, cut to 64 bytes; may be unknown to us */
    const char *address;
    const char *delivery_id; /* NULL */
    int status;
    const char *field; /* NULL */
    const char *reason;
    unsigned char digest[DIGEST_SIZE];
    int64_t suppressed; /* refusals since the last one kept that were only counted */
};
void intake_refuse(struct session *session, const struct intake_refusal *refusal);

/* Tells sleeping workers that there is work; a lost hint costs a second. */
void intake_hint(struct session *session);

#endif
