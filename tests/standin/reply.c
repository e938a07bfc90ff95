/* SPDX-License-Identifier: Apache-2.0 */
/* Why: one place that writes HTTP for nginx.  Owns a reply's body; never decides
 * what is in it. */
#include "reply.h"

#include <stdlib.h>
#include <string.h>

#include "base.h"

#define JSON_TYPE "application/json; charset=utf-8"

static void reply_set(struct reply *reply, int status, const char *content_type, char *body)
{
    free(reply->body);
    *reply = (struct reply){.status = status, .content_type = content_type, .retry_after = -1};
    reply->body = body;
    reply->announced = strlen(body);
}

void reply_json(struct reply *reply, int status, json_t *object)
{
    /* 15 digits: 0.1 stays 0.1, where jansson's 17 would show the double. */
    char *body = need(json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(15)));

    json_decref(object);
    reply_set(reply, status, JSON_TYPE, body);
}

void reply_text(struct reply *reply, int status, const char *content_type, const char *text)
{
    reply_set(reply, status, content_type, need_copy(text));
}

void reply_send(const struct reply *reply, FCGX_Stream *out)
{
    if (reply->redirect) {
        FCGX_FPrintF(out, "X-Accel-Redirect: %s\r\n\r\n", reply->redirect);
        return;
    }
    FCGX_FPrintF(out, "Status: %d\r\nContent-Type: %s\r\nContent-Length: %lu\r\n", reply->status, reply->content_type,
                 (unsigned long)reply->announced);
    if (reply->retry_after >= 0)
        FCGX_FPrintF(out, "Retry-After: %ld\r\n", reply->retry_after);
    if (reply->location)
        FCGX_FPrintF(out, "Location: %s\r\n", reply->location);
    FCGX_PutS("\r\n", out);
    FCGX_PutStr(reply->body, (int)strlen(reply->body), out);
}

void reply_clear(struct reply *reply)
{
    free(reply->body);
    *reply = (struct reply){.retry_after = -1};
}
