/* SPDX-License-Identifier: Apache-2.0 */
/* Reads no more of HTTP than a webhook needs: POST with a Content-Length.  Head
 * and body have ceilings; what does not fit is refused. */
#include "ctl/http_read.h"

#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/text.h"

#define CHUNK 4096

/* Header lines are split when they are asked for, so that a request stays one text. */
static const char *header_find(struct arena *arena, const char *head, const char *name)
{
    size_t len = strlen(name);
    for (const char *line = strstr(head, "\r\n"); line != NULL && line[2] != '\0'; line = strstr(line + 2, "\r\n")) {
        const char *at = line + 2;
        if (strncasecmp(at, name, len) != 0 || at[len] != ':')
            continue;
        const char *value = at + len + 1 + strspn(at + len + 1, " \t");
        size_t used = strcspn(value, "\r");
        while (used > 0 && (value[used - 1] == ' ' || value[used - 1] == '\t'))
            used--;
        return arena_strndup(arena, value, used);
    }
    return NULL;
}

/* Receives until `enough` bytes are there, or, with enough 0, until the head is. */
static bool receive(int fd, struct text *text, size_t enough)
{
    char chunk[CHUNK];
    while (enough > 0 ? text->len < enough : strstr(text_str(text), "\r\n\r\n") == NULL) {
        ssize_t got = recv(fd, chunk, sizeof chunk, 0);
        if (got <= 0 || !text_add(text, chunk, (size_t)got))
            return false;
    }
    return true;
}

/* What the head asks for: its status, and with 200 the body's length. */
static int64_t head_judge(struct arena *arena, const char *head, int64_t *length)
{
    const char *text = header_find(arena, head, "content-length");
    if (strncmp(head, "POST ", 5) != 0)
        return 405;
    if (text == NULL)
        return 411;
    if (!text_parse_int(text, 0, INT64_MAX, length))
        return 400;
    return *length > (int64_t)HTTP_READ_BODY_MAX ? 413 : 200;
}

int64_t http_read(int fd, struct arena *arena, struct http_read *request)
{
    struct text text;
    int64_t status = 0, length = 0;

    *request = (struct http_read){.arena = arena};
    text_init(&text, HTTP_READ_HEAD_MAX + HTTP_READ_BODY_MAX);
    if (!receive(fd, &text, 0))
        goto out;
    size_t head = (size_t)(strstr(text_str(&text), "\r\n\r\n") - text_str(&text)) + 4;
    request->head = arena_strndup(arena, text_str(&text), head);
    status = head > HTTP_READ_HEAD_MAX ? 431 : head_judge(arena, request->head, &length);
    if (status != 200)
        goto out;
    if (!receive(fd, &text, head + (size_t)length)) {
        status = 0;
        goto out;
    }
    request->body = arena_strndup(arena, text_str(&text) + head, (size_t)length);
    request->body_len = (size_t)length;
out:
    text_clear(&text);
    return status;
}

const char *http_read_header(const struct http_read *request, const char *name)
{
    return header_find(request->arena, request->head, name);
}
