/* SPDX-License-Identifier: Apache-2.0 */
/* ops_query: the query string of an operator's request, and what its values may
 * be.
 *
 * A parameter that nobody asked for is refused instead of ignored: a filter with
 * a slip of the pen must not show, or act on, everything. */
#ifndef FCGI_OPS_QUERY_H
#define FCGI_OPS_QUERY_H

#include <stdbool.h>
#include <stddef.h>

#include "fcgi/request.h"

#define OPS_QUERY_MAX   24 /* parameters */
#define OPS_VALUE_MAX   300
#define OPS_LIMIT_USUAL 100
#define OPS_LIMIT_MAX   500
#define OPS_LIMIT_CSV   10000

enum filter_kind {
    FILTER_WORD,    /* any text */
    FILTER_ID,      /* a positive whole number */
    FILTER_ADDRESS, /* an IP address */
    FILTER_STATES,  /* states of an order, separated by commas */
    FILTER_TYPE,    /* of an order */
};

struct filter {
    const char *name; /* NULL ends a list of them */
    enum filter_kind kind;
};

struct ops_query {
    size_t count;
    const char *names[OPS_QUERY_MAX];
    const char *values[OPS_QUERY_MAX];
};

/* Splits and decodes the query string; false fills *problem. */
bool ops_query_read(struct request *request, struct ops_query *query, struct problem *problem);
/* NULL: absent. */
const char *ops_query_value(const struct ops_query *query, const char *name);
/* Whether every parameter is one of the filters or of the extra names (NULL at
 * the end), and every filter's value can be meant; addresses come out in their
 * one spelling. */
bool ops_query_check(struct request *request, struct ops_query *query, const struct filter *filters,
                     const char *const *extra, struct problem *problem);
/* The same for one value; *value may be replaced. */
bool ops_filter_check(struct request *request, const struct filter *filter, const char **value,
                      struct problem *problem);

#endif
