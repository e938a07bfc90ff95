/* SPDX-License-Identifier: Apache-2.0 */
/* ops_routes: which paths operators have, and what each reads or does. */
#include "fcgi/ops.h"
#include "fcgi/routes.h"
#include "query.h"

#define API "/ops/api/v1/"

static const struct filter FILTERS_NONE[] = {{NULL, FILTER_WORD}};
static const struct filter FILTERS_LICENSES[] = {
    {"source", FILTER_WORD},  {"service", FILTER_WORD}, {"ip", FILTER_ADDRESS},
    {"account", FILTER_WORD}, {"product", FILTER_WORD}, {"status", FILTER_WORD},
    {"key", FILTER_WORD},     {"text", FILTER_WORD},    {NULL, FILTER_WORD},
};
static const struct filter FILTERS_DELIVERIES[] = {
    {"source", FILTER_WORD}, {"order", FILTER_ID}, {"key", FILTER_WORD}, {NULL, FILTER_WORD}};
static const struct filter FILTERS_REFUSED[] = {
    {"source", FILTER_WORD}, {"address", FILTER_WORD}, {"status", FILTER_ID}, {NULL, FILTER_WORD}};
static const struct filter FILTERS_PRODUCTS[] = {{"account", FILTER_WORD}, {NULL, FILTER_WORD}};
static const struct filter FILTERS_LEDGER[] = {
    {"account", FILTER_WORD}, {"kind", FILTER_WORD}, {"order", FILTER_ID}, {NULL, FILTER_WORD}};
static const struct filter FILTERS_CALLBACKS[] = {
    {"source", FILTER_WORD}, {"state", FILTER_WORD}, {"order", FILTER_ID}, {NULL, FILTER_WORD}};
static const struct filter FILTERS_AUDIT[] = {{"actor", FILTER_WORD},
                                              {"action", FILTER_WORD},
                                              {"order", FILTER_ID},
                                              {"account", FILTER_WORD},
                                              {NULL, FILTER_WORD}};

static const struct ops_list ORDERS = {
    .query = &QUERY_OPS_ORDERS, .filters = OPS_ORDER_FILTERS, .paged = true, .filters_as_json = true};
static const struct ops_list ORDER = {.query = &QUERY_OPS_ORDER, .filters = FILTERS_NONE, .one = true};
static const struct ops_list LICENSES = {.query = &QUERY_OPS_LICENSES, .filters = FILTERS_LICENSES, .paged = true};
static const struct ops_list LICENSE = {.query = &QUERY_OPS_LICENSE, .filters = FILTERS_NONE, .one = true};
static const struct ops_list DELIVERIES = {
    .query = &QUERY_OPS_DELIVERIES, .filters = FILTERS_DELIVERIES, .paged = true};
static const struct ops_list REFUSED = {.query = &QUERY_OPS_REFUSED, .filters = FILTERS_REFUSED, .paged = true};
static const struct ops_list ACCOUNTS = {.query = &QUERY_OPS_ACCOUNTS, .filters = FILTERS_NONE};
static const struct ops_list PRODUCTS = {.query = &QUERY_OPS_PRODUCTS, .filters = FILTERS_PRODUCTS};
static const struct ops_list LEDGER = {.query = &QUERY_OPS_LEDGER, .filters = FILTERS_LEDGER, .paged = true};
static const struct ops_list CALLBACKS = {.query = &QUERY_OPS_CALLBACKS, .filters = FILTERS_CALLBACKS, .paged = true};
static const struct ops_list AUDIT = {.query = &QUERY_OPS_AUDIT, .filters = FILTERS_AUDIT, .paged = true};
static const struct ops_list REVIEW = {.query = &QUERY_OPS_REVIEW, .filters = FILTERS_NONE, .paged = true};
static const struct ops_list VIEW = {.query = &QUERY_OPS_VIEW, .filters = FILTERS_NONE, .named = true};
static const struct ops_list OVERVIEW = {.query = &QUERY_OPS_OVERVIEW, .filters = FILTERS_NONE, .single = true};

static const struct ops_act RETRY = {
    .word = "retry", .past = "retried", .scope = "operate", .query = &QUERY_OPERATOR_RETRY};
static const struct ops_act HOLD = {
    .word = "hold", .past = "held", .scope = "operate", .query = &QUERY_OPERATOR_HOLD, .reason_needed = true};
static const struct ops_act RELEASE = {
    .word = "release", .past = "released", .scope = "operate", .query = &QUERY_OPERATOR_RELEASE};
static const struct ops_act CANCEL = {
    .word = "cancel", .past = "cancelled", .scope = "operate", .query = &QUERY_OPERATOR_CANCEL, .reason_needed = true};
static const struct ops_act FREE_KEY = {.word = "free-key",
                                        .past = "given another order's key",
                                        .scope = "buy-again",
                                        .query = &QUERY_OPERATOR_FREE_KEY,
                                        .reason_needed = true,
                                        .confirmed = true};
static const struct ops_act PAUSE = {
    .word = "pause", .scope = "operate", .query = &QUERY_OPERATOR_PAUSE, .on_account = true, .reason_needed = true};
static const struct ops_act RESUME = {
    .word = "resume", .scope = "operate", .query = &QUERY_OPERATOR_RESUME, .on_account = true};
static const struct ops_act ACKNOWLEDGE = {.word = "acknowledge",
                                           .scope = "settle",
                                           .query = &QUERY_OPERATOR_ACKNOWLEDGE,
                                           .on_account = true,
                                           .reason_needed = true};

const struct route ROUTES_OPS[] = {
    {"GET", API "overview", ops_list_serve, &OVERVIEW},
    {"GET", API "orders", ops_list_serve, &ORDERS},
    {"GET", API "orders/", ops_list_serve, &ORDER},
    {"GET", API "review", ops_list_serve, &REVIEW},
    {"GET", API "licenses", ops_list_serve, &LICENSES},
    {"GET", API "licenses/", ops_list_serve, &LICENSE},
    {"GET", API "deliveries", ops_list_serve, &DELIVERIES},
    {"GET", API "deliveries/refused", ops_list_serve, &REFUSED},
    {"GET", API "accounts", ops_list_serve, &ACCOUNTS},
    {"GET", API "products", ops_list_serve, &PRODUCTS},
    {"GET", API "ledger", ops_list_serve, &LEDGER},
    {"GET", API "callbacks", ops_list_serve, &CALLBACKS},
    {"GET", API "audit", ops_list_serve, &AUDIT},
    {"GET", API "views/", ops_list_serve, &VIEW},
    {"GET", API "me", ops_me_serve, NULL},
    {"POST", API "orders/bulk", ops_bulk_serve, NULL},
    {"POST", API "orders/*/retry", ops_act_serve, &RETRY},
    {"POST", API "orders/*/hold", ops_act_serve, &HOLD},
    {"POST", API "orders/*/release", ops_act_serve, &RELEASE},
    {"POST", API "orders/*/cancel", ops_act_serve, &CANCEL},
    {"POST", API "orders/*/free-key", ops_act_serve, &FREE_KEY},
    {"POST", API "orders/*/resolve", ops_resolve_serve, NULL},
    {"POST", API "accounts/*/pause", ops_act_serve, &PAUSE},
    {"POST", API "accounts/*/resume", ops_act_serve, &RESUME},
    {"POST", API "accounts/*/acknowledge", ops_act_serve, &ACKNOWLEDGE},
    {"GET", "/metrics", metrics_serve, NULL},
    {"GET", "/health/live", health_live_serve, NULL},
    {"GET", "/health/ready", health_ready_serve, NULL},
    {"GET", "/ops/health/ready", health_ready_serve, NULL},
    {NULL, NULL, NULL, NULL},
};
