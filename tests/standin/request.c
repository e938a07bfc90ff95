/* SPDX-License-Identifier: Apache-2.0 */
/* Why: the documented calls carry their fields in the query, in a JSON body or
 * in a form; the handlers should not care.  Owns each request's memory.  Never
 * prints a request: it holds a token. */
#include "request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base.h"

static const char *env_get(FCGX_Request *fcgi, const char *name)
{
    const char *value = FCGX_GetParam(name, fcgi->envp);

    return value ? value : "";
}

static long text_long(const char *text, long otherwise)
{
    char *end;
    long value = strtol(text, &end, 10);

    return *text && !*end ? value : otherwise;
}

/* The header wins over the query, the query over the body. */
static void token_add(struct request *request, const char *token, const char *place)
{
    if (request->token || !*token)
        return;
    request->token = need_copy(token);
    request->token_place = place;
}

static void param_add(struct request *request, const char *name, const char *value)
{
    if (strcmp(name, "token") == 0) {
        token_add(request, value, request->in_body ? "body" : "query");
        return;
    }
    for (size_t i = 0; i < request->param_count; i++) {
        if (strcmp(request->params[i].name, name) != 0)
            continue;
        free(request->params[i].value);
        request->params[i].value = need_copy(value);
        return;
    }
    if (request->param_count == REQUEST_PARAMS_MAX)
        return;
    request->params[request->param_count++] = (struct param){need_copy(name), need_copy(value)};
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static char *url_decode(const char *text, size_t len)
{
    char *out = need(malloc(len + 1));
    size_t used = 0;

    for (size_t i = 0; i < len; i++) {
        int high = i + 2 < len ? hex_digit(text[i + 1]) : -1;
        int low = i + 2 < len ? hex_digit(text[i + 2]) : -1;
        if (text[i] == '%' && high >= 0 && low >= 0) {
            out[used++] = (char)(high * 16 + low);
            i += 2;
        } else {
            out[used++] = text[i] == '+' ? ' ' : text[i];
        }
    }
    out[used] = '\0';
    return out;
}

static void form_read(struct request *request, const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "&");
        const char *equals = memchr(text, '=', len);
        size_t name_len = equals ? (size_t)(equals - text) : len;
        char *name = url_decode(text, name_len);
        char *value = equals ? url_decode(equals + 1, len - name_len - 1) : need_copy("");
        if (*name)
            param_add(request, name, value);
        free(name);
        free(value);
        text += len + (text[len] == '&');
    }
}

static void json_read(struct request *request, const char *text, size_t len)
{
    const char *name;
    json_t *value;

    request->json = json_loadb(text, len, 0, NULL);
    if (!json_is_object(request->json)) {
        json_decref(request->json);
        request->json = NULL;
        request->fault = "bad_json";
        return;
    }
    json_object_foreach(request->json, name, value)
    {
        char number[64];
        if (json_is_string(value)) {
            param_add(request, name, json_string_value(value));
        } else if (json_is_integer(value)) {
            snprintf(number, sizeof number, "%lld", (long long)json_integer_value(value));
            param_add(request, name, number);
        } else if (json_is_real(value)) {
            snprintf(number, sizeof number, "%.15g", json_real_value(value));
            param_add(request, name, number);
        } else if (json_is_boolean(value)) {
            param_add(request, name, json_is_true(value) ? "true" : "false");
        }
    }
}

static void body_read(struct request *request, FCGX_Request *fcgi)
{
    long announced = text_long(env_get(fcgi, "CONTENT_LENGTH"), 0);
    const char *type = env_get(fcgi, "CONTENT_TYPE");

    if (announced <= 0)
        return;
    if (announced > REQUEST_BODY_MAX) {
        request->fault = "too_large";
        return;
    }
    char *body = need(malloc((size_t)announced + 1));
    int len = FCGX_GetStr(body, (int)announced, fcgi->in);
    body[len > 0 ? len : 0] = '\0';
    request->in_body = true;
    /* libfcgi reports a body that stopped early as a short one, not as an error. */
    if (len != announced)
        request->fault = "short_body";
    else if (strncasecmp(type, "application/x-www-form-urlencoded", 33) == 0 && body[0] != '{')
        form_read(request, body);
    else
        json_read(request, body, (size_t)len);
    free(body);
}

const char *request_get(const struct request *request, const char *name)
{
    for (size_t i = 0; i < request->param_count; i++)
        if (strcmp(request->params[i].name, name) == 0)
            return request->params[i].value;
    return NULL;
}

long request_long(const struct request *request, const char *name, long otherwise)
{
    const char *text = request_get(request, name);

    return text ? text_long(text, otherwise) : otherwise;
}

void request_free(struct request *request)
{
    if (!request)
        return;
    for (size_t i = 0; i < request->param_count; i++) {
        free(request->params[i].name);
        free(request->params[i].value);
    }
    json_decref(request->json);
    free(request->method);
    free(request->path);
    free(request->remote_addr);
    free(request->token);
    free(request);
}

struct request *request_read(FCGX_Request *fcgi)
{
    struct request *request = need_zeroed(1, sizeof *request);
    const char *bearer = env_get(fcgi, "HTTP_AUTHORIZATION");

    request->method = need_copy(env_get(fcgi, "REQUEST_METHOD"));
    request->path = need_copy(env_get(fcgi, "DOCUMENT_URI"));
    request->remote_addr = need_copy(env_get(fcgi, "REMOTE_ADDR"));
    request->remote_port = text_long(env_get(fcgi, "REMOTE_PORT"), 0);
    request->connection = text_long(env_get(fcgi, "CONNECTION"), 0);
    request->token_place = "";
    if (strncasecmp(bearer, "Bearer ", 7) == 0)
        token_add(request, bearer + 7, "header");
    form_read(request, env_get(fcgi, "QUERY_STRING"));
    body_read(request, fcgi);
    /* The end mark too, or it would lie in front of the connection's next request. */
    while (FCGX_GetChar(fcgi->in) != EOF)
        continue;
    return request;
}
