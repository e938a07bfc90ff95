/* SPDX-License-Identifier: Apache-2.0 */
/* Builds the parameter values of a statement.  Owns their memory until
 * params_clear; knows nothing of connections. */
#include "store/params.h"

#include <arpa/inet.h>
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

/* Object ids of PostgreSQL's built-in types, fixed for ever in pg_type.dat. */
enum { OID_BOOL = 16, OID_BYTEA = 17, OID_INT8 = 20, OID_TEXT = 25 };

/* Number of dimensions, has-null flag, element type; then, unless it is empty,
 * the length and lower bound of the one dimension. */
#define ARRAY_HEADER    12
#define ARRAY_DIMENSION 8

void params_init(struct params *params)
{
    params->count = 0;
}

void params_clear(struct params *params)
{
    for (size_t i = 0; i < params->count; i++)
        free(params->items[i].data);
    params->count = 0;
}

static struct param *param_next(struct params *params)
{
    assert(params->count < PARAMS_MAX);
    struct param *param = &params->items[params->count++];
    *param = (struct param){0};
    return param;
}

static void param_add(struct param *param, const void *data, size_t len)
{
    if (param->len + len + 1 > param->cap) {
        param->cap = (param->len + len + 1) * 2;
        param->data = heap_resize(param->data, param->cap);
    }
    if (len > 0)
        memcpy(param->data + param->len, data, len);
    param->len += len;
    param->data[param->len] = '\0';
}

static void param_put32(struct param *param, size_t at, uint32_t value)
{
    uint32_t wire = htonl(value);
    memcpy(param->data + at, &wire, sizeof wire);
}

void params_null(struct params *params)
{
    param_next(params)->null = true;
}

void params_text(struct params *params, const char *value)
{
    struct param *param = param_next(params);
    if (value == NULL)
        param->null = true;
    else
        param_add(param, value, strlen(value));
}

void params_int(struct params *params, int64_t value)
{
    char text[24];
    int len = snprintf(text, sizeof text, "%" PRId64, value);
    param_add(param_next(params), text, (size_t)len);
}

void params_bool(struct params *params, bool value)
{
    param_add(param_next(params), value ? "t" : "f", 1);
}

/* Text format of bytea: "\x" and hex. */
void params_bytes(struct params *params, const void *data, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    struct param *param = param_next(params);
    if (data == NULL) {
        param->null = true;
        return;
    }
    param_add(param, "\\x", 2);
    const unsigned char *bytes = data;
    for (size_t i = 0; i < len; i++) {
        char pair[2] = {digits[bytes[i] >> 4], digits[bytes[i] & 15]};
        param_add(param, pair, sizeof pair);
    }
}

void params_array(struct params *params, enum params_kind kind)
{
    static const uint32_t oids[] = {
        [PARAMS_TEXT] = OID_TEXT, [PARAMS_BYTEA] = OID_BYTEA, [PARAMS_INT8] = OID_INT8, [PARAMS_BOOL] = OID_BOOL};
    struct param *param = param_next(params);
    param->array = true;
    param->element_oid = oids[kind];
    param_add(param, (const char[ARRAY_HEADER]){0}, ARRAY_HEADER);
    param_put32(param, 8, param->element_oid);
}

static void params_add(struct params *params, uint32_t oid, const void *data, size_t len)
{
    assert(params->count > 0);
    struct param *param = &params->items[params->count - 1];
    assert(param->array && (oid == 0 || param->element_oid == oid));
    if (param->elements == 0)
        param_add(param, (const char[ARRAY_DIMENSION]){0}, ARRAY_DIMENSION);
    uint32_t wire = data == NULL ? htonl(UINT32_MAX) : htonl((uint32_t)len);
    param_add(param, &wire, sizeof wire);
    if (data == NULL)
        param->has_null = true;
    else
        param_add(param, data, len);
    param->elements++;
    param_put32(param, 0, 1);
    param_put32(param, 4, param->has_null);
    param_put32(param, 12, (uint32_t)param->elements);
    param_put32(param, 16, 1);
}

void params_add_text(struct params *params, const char *value)
{
    params_add(params, OID_TEXT, value, value == NULL ? 0 : strlen(value));
}

void params_add_bytes(struct params *params, const void *data, size_t len)
{
    params_add(params, OID_BYTEA, data, len);
}

void params_add_int(struct params *params, int64_t value)
{
    uint32_t wire[2] = {htonl((uint32_t)((uint64_t)value >> 32)), htonl((uint32_t)((uint64_t)value & UINT32_MAX))};
    params_add(params, OID_INT8, wire, sizeof wire);
}

void params_add_bool(struct params *params, bool value)
{
    params_add(params, OID_BOOL, value ? "\1" : "\0", 1);
}

void params_add_null(struct params *params)
{
    params_add(params, 0, NULL, 0);
}
