/* SPDX-License-Identifier: Apache-2.0 */
/* params: the values of one statement's $1, $2 …, in order.
 *
 * Scalars go as text, arrays in PostgreSQL's binary format, so that nothing is
 * ever quoted into SQL.  An array is filled element by element between
 * params_array() and the next parameter. */
#ifndef STORE_PARAMS_H
#define STORE_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PARAMS_MAX 64

struct param {
    char *data;
    size_t len, cap;
    bool null;
    bool array;
    uint32_t element_oid;
    int32_t elements;
    bool has_null;
};

struct params {
    struct param items[PARAMS_MAX];
    size_t count;
};

enum params_kind { PARAMS_TEXT, PARAMS_BYTEA, PARAMS_INT8, PARAMS_BOOL };

void params_init(struct params *params);
void params_clear(struct params *params);

void params_text(struct params *params, const char *value); /* NULL is SQL null */
void params_int(struct params *params, int64_t value);
void params_bool(struct params *params, bool value);
void params_null(struct params *params);
void params_bytes(struct params *params, const void *data, size_t len); /* bytea; NULL is SQL null */

/* Begins an array parameter; what follows adds to it. */
void params_array(struct params *params, enum params_kind kind);
void params_add_text(struct params *params, const char *value);
void params_add_bytes(struct params *params, const void *data, size_t len);
void params_add_int(struct params *params, int64_t value);
void params_add_bool(struct params *params, bool value);
void params_add_null(struct params *params);

#endif
