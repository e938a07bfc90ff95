/* SPDX-License-Identifier: Apache-2.0 */
/* ops: the operators' API, /ops/api/v1 (docs/ops-api.md).
 *
 * Reads are statements over the views of schema ops, one a path; what operators
 * do are functions of the database that look again under their locks.  Both are
 * rows of tables: a new one is a statement and a line. */
#ifndef FCGI_OPS_H
#define FCGI_OPS_H

#include <jansson.h>

#include "fcgi/front.h"
#include "fcgi/ops_query.h"
#include "store/session.h"

/* What a GET reads. */
struct ops_list {
    const struct query *query;
    const struct filter *filters; /* $1 …, NULL where not given; then the cursor and the most rows */
    bool paged;                   /* takes before and limit */
    bool filters_as_json;         /* $1 is one object with all filters */
    bool one;                     /* $1 is the id in the path, and the answer is that row */
    bool named;                   /* likewise, but a name, and $2 is the most rows that the answer holds */
    bool single;                  /* the answer is the only row */
};

/* What a POST does: a function of the database that says whether it did. */
struct ops_act {
    const char *word; /* retry */
    const char *past; /* retried */
    const char *scope;
    const struct query *query; /* $1 actor  $2 order or account  $3 reason: column "done" */
    bool on_account;
    bool reason_needed;
    bool confirmed; /* the body repeats the id in "confirm" */
};

extern const struct filter OPS_ORDER_FILTERS[];
extern const struct route ROUTES_OPS[];

void ops_list_serve(struct front *front, struct request *request, const char *rest);
#define OPS_REASON_MAX 500

void metrics_serve(struct front *front, struct request *request, const char *rest);
void ops_me_serve(struct front *front, struct request *request, const char *rest);
void ops_act_serve(struct front *front, struct request *request, const char *rest);
void ops_resolve_serve(struct front *front, struct request *request, const char *rest);
void ops_bulk_serve(struct front *front, struct request *request, const char *rest);

/* Whether the token that was shown has the scope. */
bool ops_may(const struct request *request, const char *scope);
/* Answers for a statement that did not work: 503, or what the database says is wrong. */
void ops_refused(struct request *request, const struct rows *rows);
/* What the order is now, after it was acted on: 200, or 409 when nothing was
 * done; text is then what it could not be. */
void ops_order_tell(struct request *request, int64_t order_id, bool done, const char *text);
/* The body of a POST, an object without other members than these (NULL at the end);
 * NULL: it was answered.  To be given back with json_decref. */
json_t *ops_body(struct request *request, const char *const *members);
/* A string member of it, at most OPS_VALUE_MAX bytes; false: it was answered.
 * *value is NULL when it is absent and not needed. */
bool ops_body_text(struct request *request, const json_t *body, const char *name, bool needed, const char **value);

#endif
