/* SPDX-License-Identifier: Apache-2.0 */
/* reply: what goes back to nginx. */
#ifndef STANDIN_REPLY_H
#define STANDIN_REPLY_H

#include <fcgiapp.h>
#include <jansson.h>
#include <stddef.h>

struct reply {
    int status;
    char *body;       /* owned */
    size_t announced; /* Content-Length; more than the body has: nginx cuts the answer */
    const char *content_type;
    long retry_after;     /* seconds; -1: no header */
    const char *redirect; /* nginx's internal location that ends the connection; NULL */
    const char *location; /* of a 3xx; NULL */
};

/* Takes the object. */
void reply_json(struct reply *reply, int status, json_t *object);
/* Copies the text. */
void reply_text(struct reply *reply, int status, const char *content_type, const char *text);
void reply_send(const struct reply *reply, FCGX_Stream *out);
void reply_clear(struct reply *reply);

#endif
