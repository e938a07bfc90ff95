/* SPDX-License-Identifier: Apache-2.0 */
/* auth: the checks on who is asking.
 *
 * The order matters: form first, then time, then the signature, so that no
 * secret is touched for a request that could not be good.  Owns nothing and
 * keeps nothing. */
#include "fcgi/auth.h"

#include <string.h>
#include <strings.h>

#include "base/signature.h"

static const char BASE64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static bool refuse(struct problem *problem, int status, const char *field, const char *text)
{
    *problem = (struct problem){status, field, text};
    return false;
}

bool auth_id_ok(const char *id)
{
    size_t len = strlen(id);

    for (const char *c = id; *c != '\0'; c++)
        if (*c <= ' ' || *c > '~' || *c == '.')
            return false;
    return len >= 1 && len <= AUTH_ID_MAX;
}

/* One "v1,base64"; returns its length, 0 when it is none. */
static size_t signature_token(const char *at)
{
    const char *start = at;
    size_t digits, letters, padding;

    if (*at++ != 'v')
        return 0;
    digits = strspn(at, "0123456789");
    at += digits;
    if (*at >= 'a' && *at <= 'z')
        at++;
    if (digits == 0 || *at++ != ',')
        return 0;
    letters = strspn(at, BASE64);
    at += letters;
    padding = strspn(at, "=");
    at += padding;
    return letters > 0 && padding <= 2 && (letters + padding) % 4 == 0 ? (size_t)(at - start) : 0;
}

bool auth_signature_form_ok(const char *header)
{
    if (strlen(header) > AUTH_SIGNATURE_MAX)
        return false;
    for (;;) {
        size_t len = signature_token(header);
        if (len == 0)
            return false;
        header += len;
        if (*header == '\0')
            return true;
        if (*header++ != ' ')
            return false;
    }
}

bool auth_header_once(struct request *request, enum head head, const char *name, struct problem *problem)
{
    if (request->times[head] == 0 || *request->params[head] == '\0')
        return refuse(problem, 401, name, arena_printf(&request->arena, "the header %s is missing", name));
    if (request->times[head] > 1)
        return refuse(problem, 400, name, arena_printf(&request->arena, "the header %s came more than once", name));
    return true;
}

bool auth_headers_check(struct request *request, int64_t now_s, struct problem *problem)
{
    if (!auth_header_once(request, HEAD_WEBHOOK_ID, "webhook-id", problem) ||
        !auth_header_once(request, HEAD_WEBHOOK_TIMESTAMP, "webhook-timestamp", problem) ||
        !auth_header_once(request, HEAD_WEBHOOK_SIGNATURE, "webhook-signature", problem))
        return false;
    if (!auth_id_ok(request->params[HEAD_WEBHOOK_ID]))
        return refuse(problem, 400, "webhook-id",
                      "webhook-id must be 1 to 128 printable characters without dots and spaces");
    if (!auth_signature_form_ok(request->params[HEAD_WEBHOOK_SIGNATURE]))
        return refuse(problem, 401, "webhook-signature",
                      "webhook-signature must be a list of \"v1,\" and base64, separated by spaces");
    if (!signature_timestamp_ok(request->params[HEAD_WEBHOOK_TIMESTAMP], now_s))
        return refuse(
            problem, 401, "webhook-timestamp",
            "webhook-timestamp must be the time in unix seconds, at most 300 seconds from now: look at the clock");
    return true;
}

bool auth_signature_ok(const struct request *request, const struct config_source *source, const void *body,
                       size_t body_len)
{
    struct signature_message message = {request->params[HEAD_WEBHOOK_ID], request->params[HEAD_WEBHOOK_TIMESTAMP], body,
                                        body_len};
    return signature_verify(source->secrets, source->secret_count, request->params[HEAD_WEBHOOK_SIGNATURE], &message);
}

const char *auth_bearer(const struct request *request)
{
    const char *value = request->params[HEAD_AUTHORIZATION];

    if (value == NULL || request->times[HEAD_AUTHORIZATION] != 1 || strncasecmp(value, "Bearer ", 7) != 0)
        return NULL;
    value += 7 + strspn(value + 7, " ");
    return *value != '\0' && strlen(value) <= SECRET_MAX ? value : NULL;
}
