/* SPDX-License-Identifier: Apache-2.0 */
/* ops: what is read for people and panels: one order, a page of orders, a token,
 * a price, a source's licenses and services, the schema's version.
 *
 * Each read is answered exactly once through its callback; everything handed to
 * it lives until it returns.  status other than ROWS_OK: nothing is known, and
 * the rest of the arguments is empty. */
#ifndef STORE_OPS_H
#define STORE_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/signature.h"
#include "store/session.h"

#define OPS_PAGE_MAX 500

/* As the views spell it; NULL where the row has none. */
struct order_view {
    int64_t order_id;
    const char *source;
    const char *service_id;
    const char *operation_key;
    const char *type;
    const char *state;
    const char *reason;
    int64_t attempts;
    const char *created_at; /* PostgreSQL's spelling, in UTC */
    const char *updated_at;
    const char *next_try_at;
    const char *credits;  /* decimal text */
    const char *license;  /* a JSON object */
    const char *evidence; /* a JSON array of attempts; service_orders only */
};

/* order is NULL when there is none, or it belongs to another source. */
typedef void order_read_fn(void *ctx, enum rows_status status, const struct order_view *order);
/* source NULL: any. */
void order_read(struct session *session, int64_t order_id, const char *source, int64_t timeout_ms, order_read_fn *done,
                void *ctx);

typedef void ops_orders_fn(void *ctx, enum rows_status status, const struct order_view *orders, size_t count);
/* The newest orders of a service with their attempts, newest first. */
void service_orders(struct session *session, const char *source, const char *service_id, int limit, int64_t timeout_ms,
                    ops_orders_fn *done, void *ctx);

struct license_view {
    int64_t license_id;
    const char *license; /* a JSON object */
};

/* A page of a source's licenses, ids above after, oldest first. */
typedef void source_licenses_fn(void *ctx, enum rows_status status, const struct license_view *licenses, size_t count);
void source_licenses(struct session *session, const char *source, int64_t after, int limit, int64_t timeout_ms,
                     source_licenses_fn *done, void *ctx);

struct token_view {
    const char *token_id;
    const char *name;
    const char *scopes; /* separated by spaces */
};

/* token is NULL when it is unknown, expired or revoked. */
typedef void token_check_fn(void *ctx, enum rows_status status, const struct token_view *token);
void token_check(struct session *session, const unsigned char digest[DIGEST_SIZE], int64_t timeout_ms,
                 token_check_fn *done, void *ctx);
/* Whether scope is one of the token's words. */
bool token_has_scope(const struct token_view *token, const char *scope);

struct price_view {
    const char *price;    /* credits, decimal text, as the catalogue says */
    const char *expected; /* what the whole call is expected to take; NULL: not known */
    bool visible;         /* offered to new customers */
    bool learned;         /* expected comes from confirmed calls */
};

/* price is NULL when the catalogue does not know the product. */
typedef void price_read_fn(void *ctx, enum rows_status status, const struct price_view *price);
void price_read(struct session *session, const char *account, const char *upstream_type, int months, const char *call,
                int64_t timeout_ms, price_read_fn *done, void *ctx);

#endif
