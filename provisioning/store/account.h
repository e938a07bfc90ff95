/* SPDX-License-Identifier: Apache-2.0 */
/* account: what is kept of an account at a provider: its pause, balance and
 * catalogue, and the orders held because of them. */
#ifndef STORE_ACCOUNT_H
#define STORE_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/config.h"
#include "order/credits.h"
#include "store/session.h"

struct account_product {
    const char *type;
    const char *name; /* NULL: not told */
    credits_t price;
    bool visible;
};

/* Makes every account of the configuration known. */
void account_ensure(struct session *session, const struct config *config, session_done_fn *done, void *ctx);
void account_pause(struct session *session, const char *account, const char *reason);
void account_balance(struct session *session, const char *account, credits_t balance, bool sandbox);
void account_products(struct session *session, const char *account, const struct account_product *products,
                      size_t count, session_done_fn *done, void *ctx);
/* Whether it is this worker's turn to read the catalogue: one row, taken. */
void account_catalogue_turn(struct session *session, const char *account, int64_t every_ms, session_done_fn *done,
                            void *ctx);
/* Keeps a whole catalogue: what is configured or known and not in it is not sold
 * to new customers.  One row, changed: how many products were. */
void account_catalogue_keep(struct session *session, const struct config *config, const struct config_account *account,
                            const struct account_product *products, size_t count, session_done_fn *done, void *ctx);
/* What the provider says of itself, as JSON. */
void account_info(struct session *session, const char *account, const char *info);
/* Lets orders go on that are held for credits and cost no more than balance. */
void account_release_short(struct session *session, const char *account, credits_t balance, session_done_fn *done,
                           void *ctx);
/* Lets orders go on whose price has come within the limits of the configuration
 * and their own.  One row, woken: how many. */
void account_release_guarded(struct session *session, const struct config *config, session_done_fn *done, void *ctx);

#endif
