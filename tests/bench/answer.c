/* SPDX-License-Identifier: Apache-2.0 */
/* answer: reads status, length and end of one answer.  Owns nothing.  Never
 * guesses: what it does not understand is bad and counted as such. */
#include "answer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CHUNKED_END "0\r\n\r\n"

/* The value of a header line, or NULL; header names of nginx are known to us. */
static const char *header(const char *text, const char *end, const char *name)
{
    size_t len = strlen(name);
    for (const char *line = strstr(text, "\r\n"); line != NULL && line < end; line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, name, len) == 0 && line[2 + len] == ':')
            return line + 2 + len + 1 + strspn(line + 2 + len + 1, " ");
    }
    return NULL;
}

static bool ends_with(const char *text, size_t len, const char *end)
{
    size_t end_len = strlen(end);
    return len >= end_len && memcmp(text + len - end_len, end, end_len) == 0;
}

enum answer_progress answer_look(const char *text, size_t len, struct answer *answer)
{
    static const char version[] = "HTTP/1.1 ";
    const char *end = strstr(text, "\r\n\r\n");
    const char *length, *coding, *connection;

    if (end == NULL)
        return ANSWER_PART;
    if (strncmp(text, version, sizeof version - 1) != 0)
        return ANSWER_BAD;
    answer->status = (int)strtol(text + sizeof version - 1, NULL, 10);
    connection = header(text, end, "connection");
    answer->closes = connection != NULL && strncasecmp(connection, "close", 5) == 0;
    length = header(text, end, "content-length");
    if (length != NULL) {
        size_t due = (size_t)(end + 4 - text) + (size_t)strtoull(length, NULL, 10);
        return len < due ? ANSWER_PART : len == due ? ANSWER_WHOLE : ANSWER_BAD;
    }
    coding = header(text, end, "transfer-encoding");
    if (coding == NULL || strncasecmp(coding, "chunked", 7) != 0)
        return ANSWER_BAD;
    return ends_with(text, len, CHUNKED_END) ? ANSWER_WHOLE : ANSWER_PART;
}
