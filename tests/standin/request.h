/* SPDX-License-Identifier: Apache-2.0 */
/* request: one HTTP call as it came through nginx, with its fields made flat. */
#ifndef STANDIN_REQUEST_H
#define STANDIN_REQUEST_H

#include <fcgiapp.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define REQUEST_BODY_MAX   (8 * 1024 * 1024) /* lists of keys or rules come by control */
#define REQUEST_PARAMS_MAX 64

struct param {
    char *name;
    char *value;
};

struct request {
    char *method;
    char *path;
    char *remote_addr;
    long remote_port;
    long connection;         /* nginx's number of the caller's connection */
    char *token;             /* NULL: none given */
    const char *token_place; /* "header", "query", "body", "" */
    bool in_body;            /* fields are being added from the body */
    json_t *json;            /* the whole body where it is a JSON object; NULL */
    const char *fault;       /* NULL, or what is wrong with the body */
    /* Query and body; a later field of the same name replaces the earlier one. */
    struct param params[REQUEST_PARAMS_MAX];
    size_t param_count;
};

struct request *request_read(FCGX_Request *fcgi);
void request_free(struct request *request);
/* NULL: the field is absent. */
const char *request_get(const struct request *request, const char *name);
/* The field as a whole number, or `otherwise` when it is absent or none. */
long request_long(const struct request *request, const char *name, long otherwise);

#endif
