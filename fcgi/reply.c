/* SPDX-License-Identifier: Apache-2.0 */
/* reply: writes FastCGI answers.
 *
 * A peer that has gone does not matter here: what was committed stays, and the
 * panel's repetition finds it.  Owns the text of the answer until it is handed
 * to libfcgi. */
#include "fcgi/reply.h"

#include <stdlib.h>
#include <string.h>

#include "base/signature.h"
#include "base/text.h"
#include "fcgi/door.h"
#include "fcgi/latency.h"

#define REPLY_HEAD_MAX   1024
#define REPLY_ETAG_BYTES 16

struct status {
    int number;
    const char *title;
};

static const struct status STATUSES[] = {
    {200, "OK"},
    {202, "Accepted"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {409, "Conflict"},
    {410, "Gone"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {500, "Internal Server Error"},
    {503, "Service Unavailable"},
};

static const char *status_title(int number)
{
    for (size_t i = 0; i < sizeof STATUSES / sizeof STATUSES[0]; i++)
        if (STATUSES[i].number == number)
            return STATUSES[i].title;
    return "Unknown";
}

struct answer_head {
    int status;
    const char *type;
    const char *location; /* NULL: none, like the two below */
    const char *allow;
    const char *challenge;
    const char *etag;
    const char *next;
    int retry_after_s; /* 0: none, like the one below */
    int wait_s;
};

static void answer_write(struct request *request, const struct answer_head *head, const char *text, size_t len)
{
    struct text lines;

    text_init(&lines, REPLY_HEAD_MAX);
    text_addf(&lines, "Status: %d %s\r\nContent-Type: %s\r\nCache-Control: no-store\r\n", head->status,
              status_title(head->status), head->type);
    if (head->status != 304)
        text_addf(&lines, "Content-Length: %zu\r\n", len);
    if (head->location != NULL)
        text_addf(&lines, "Location: %s\r\n", head->location);
    if (head->allow != NULL)
        text_addf(&lines, "Allow: %s\r\n", head->allow);
    if (head->challenge != NULL)
        text_addf(&lines, "WWW-Authenticate: %s\r\n", head->challenge);
    if (head->etag != NULL)
        text_addf(&lines, "ETag: %s\r\n", head->etag);
    if (head->next != NULL)
        text_addf(&lines, "X-Next: %s\r\n", head->next);
    if (head->retry_after_s > 0)
        text_addf(&lines, "Retry-After: %d\r\n", head->retry_after_s);
    if (head->wait_s > 0)
        text_addf(&lines, "Preference-Applied: wait=%d\r\n", head->wait_s);
    text_adds(&lines, "\r\n");
    FCGX_PutStr(text_str(&lines), (int)lines.len, request->fcgi.out);
    if (len > 0)
        FCGX_PutStr(text, (int)len, request->fcgi.out);
    text_clear(&lines);
    if (request->latency != NULL)
        latency_note(request->latency, request_now_us() - request->began_us);
    door_finish(request);
}

static void answer_send(struct request *request, const struct answer_head *head, json_t *body)
{
    char *text = json_dumps(body, JSON_COMPACT);

    json_decref(body);
    answer_write(request, head, text, text != NULL ? strlen(text) : 0);
    free(text);
}

void reply_text(struct request *request, const char *type, const char *next, const char *text, size_t len)
{
    struct answer_head head = {.status = 200, .type = type, .next = next};
    const char *known = request->params[HEAD_IF_NONE_MATCH];
    unsigned char digest[DIGEST_SIZE];
    char hex[2 * DIGEST_SIZE + 1];

    digest_sha256(text, len, digest);
    text_hex(digest, REPLY_ETAG_BYTES, hex);
    head.etag = arena_printf(&request->arena, "\"%s\"", hex);
    if (known != NULL && strstr(known, head.etag) != NULL) {
        head.status = 304;
        len = 0;
    }
    answer_write(request, &head, text, len);
}

void reply_page(struct request *request, json_t *body)
{
    char *text = json_dumps(body, JSON_COMPACT);

    json_decref(body);
    if (text == NULL)
        reply_unavailable(request, "an answer could not be made of what the database said");
    else
        reply_text(request, "application/json", NULL, text, strlen(text));
    free(text);
}

void reply_json(struct request *request, int status, const char *location, json_t *body)
{
    struct answer_head head = {
        .status = status, .type = "application/json", .location = location, .wait_s = request->wait_s};
    answer_send(request, &head, body);
}

static json_t *problem_json(const struct problem *problem)
{
    json_t *body = json_pack("{s:s, s:s, s:i, s:s}", "type", "about:blank", "title", status_title(problem->status),
                             "status", problem->status, "detail", problem->text);
    if (problem->field != NULL)
        json_object_set_new(body, "field", json_string(problem->field));
    return body;
}

void reply_conflict(struct request *request, const char *text, json_t *more)
{
    struct problem problem = {409, NULL, text};
    struct answer_head head = {.status = 409, .type = "application/problem+json"};
    json_t *body = problem_json(&problem);

    json_object_update(body, more);
    json_decref(more);
    answer_send(request, &head, body);
}

void reply_problem(struct request *request, const struct problem *problem)
{
    struct answer_head head = {.status = problem->status, .type = "application/problem+json"};

    if (problem->status == 401)
        head.challenge = "Bearer";
    if (problem->status == 503 || problem->status == 429)
        head.retry_after_s = REPLY_RETRY_AFTER_S;
    answer_send(request, &head, problem_json(problem));
}

void reply_method(struct request *request, const char *allow)
{
    struct problem problem = {405, NULL, "this path has no such method"};
    struct answer_head head = {.status = 405, .type = "application/problem+json", .allow = allow};

    answer_send(request, &head, problem_json(&problem));
}

void reply_unavailable(struct request *request, const char *text)
{
    struct problem problem = {503, NULL, text};
    reply_problem(request, &problem);
}
