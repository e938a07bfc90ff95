/* SPDX-License-Identifier: Apache-2.0 */
/* Reads query strings and believes none of them.  What goes on to the database
 * is decoded, UTF-8, short, and of the kind that its filter expects. */
#include "fcgi/ops_query.h"

#include <string.h>

#include "base/text.h"
#include "base/utf8.h"
#include "order/ip.h"
#include "order/words.h"

static bool query_refuse(struct problem *problem, const char *field, const char *text)
{
    *problem = (struct problem){400, field, text};
    return false;
}

/* %XX and + as browsers write them; NULL: no such text. */
static const char *query_decode(struct request *request, const char *raw, size_t len)
{
    char *out = arena_alloc(&request->arena, len + 1);
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        char hex[3] = {0};
        out[n] = raw[i] == '+' ? ' ' : raw[i];
        if (raw[i] == '%') {
            if (i + 2 >= len)
                return NULL;
            memcpy(hex, raw + i + 1, 2);
            if (text_unhex(hex, out + n, 1) != 1)
                return NULL;
            i += 2;
        }
        n++;
    }
    out[n] = '\0';
    return n <= OPS_VALUE_MAX && utf8_valid(out, n) ? out : NULL;
}

static bool query_add(struct request *request, struct ops_query *query, const char *part, size_t len,
                      struct problem *problem)
{
    size_t name_len = strcspn(part, "=&");
    size_t value_at = name_len < len ? name_len + 1 : len;
    const char *name = query_decode(request, part, name_len);
    const char *value = query_decode(request, part + value_at, len - value_at);

    if (query->count == OPS_QUERY_MAX)
        return query_refuse(problem, "query", "there are too many parameters");
    if (name == NULL)
        return query_refuse(problem, "query", "a parameter's name is no text");
    if (value == NULL)
        return query_refuse(problem, name, "this value is no text of at most 300 bytes");
    if (ops_query_value(query, name) != NULL)
        return query_refuse(problem, name, "this parameter is given twice");
    query->names[query->count] = name;
    query->values[query->count++] = value;
    return true;
}

bool ops_query_read(struct request *request, struct ops_query *query, struct problem *problem)
{
    const char *at = request->params[HEAD_QUERY];

    *query = (struct ops_query){0};
    while (at != NULL && *at != '\0') {
        size_t len = strcspn(at, "&");
        if (len > 0 && !query_add(request, query, at, len, problem))
            return false;
        at += len;
        at += strspn(at, "&");
    }
    return true;
}

const char *ops_query_value(const struct ops_query *query, const char *name)
{
    for (size_t i = 0; i < query->count; i++)
        if (strcmp(query->names[i], name) == 0)
            return query->values[i];
    return NULL;
}

static bool states_ok(struct request *request, const char *value)
{
    enum order_state state;

    while (*value != '\0') {
        size_t len = strcspn(value, ",");
        if (!order_state_parse(arena_strndup(&request->arena, value, len), &state))
            return false;
        value += len;
        if (*value == ',' && *++value == '\0')
            return false;
    }
    return true;
}

bool ops_filter_check(struct request *request, const struct filter *filter, const char **value, struct problem *problem)
{
    char canonical[IP_TEXT_MAX];
    const char *why = NULL;
    enum order_type type;
    int64_t id;

    if (**value == '\0')
        return query_refuse(problem, filter->name, "there is nothing to look for");
    switch (filter->kind) {
    case FILTER_WORD:
        return true;
    case FILTER_ID:
        return text_parse_int(*value, 1, INT64_MAX, &id) ||
               query_refuse(problem, filter->name, "this is no whole number above 0");
    case FILTER_ADDRESS:
        if (!ip_canonical(*value, canonical, &why))
            return query_refuse(problem, filter->name, why);
        *value = arena_strdup(&request->arena, canonical);
        return true;
    case FILTER_STATES:
        return states_ok(request, *value) ||
               query_refuse(problem, filter->name, "one of these is no state of an order");
    case FILTER_TYPE:
        return order_type_parse(*value, &type) || query_refuse(problem, filter->name, "this is no type of an order");
    }
    return false;
}

static const struct filter *filter_find(const struct filter *filters, const char *name)
{
    for (; filters->name != NULL; filters++)
        if (strcmp(filters->name, name) == 0)
            return filters;
    return NULL;
}

bool ops_query_check(struct request *request, struct ops_query *query, const struct filter *filters,
                     const char *const *extra, struct problem *problem)
{
    for (size_t i = 0; i < query->count; i++) {
        const struct filter *filter = filter_find(filters, query->names[i]);
        const char *const *known = extra;
        while (*known != NULL && strcmp(*known, query->names[i]) != 0)
            known++;
        if (filter == NULL && *known == NULL)
            return query_refuse(problem, query->names[i], "there is no such parameter here");
        if (filter != NULL && !ops_filter_check(request, filter, &query->values[i], problem))
            return false;
    }
    return true;
}
